package compute

import (
	"path"
	"runtime"
	"strconv"
	"strings"
)

// libraries lists the prefixes of functions that ask for ops on behalf of others: this package with its test helpers,
// the networks, and the functions that a goroutine starts with.
var libraries = []string{"hebb/compute.", "hebb/compute/", "hebb/nets.", "hebb/nets/", "runtime.", "sync."}

// caller returns the line that asked for an op, see [asker].
func caller() string {
	pcs := make([]uintptr, 128)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var all []runtime.Frame
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		all = append(all, f)
	}
	return asker(all)
}

// asker returns the line, as "dir/file.go:41", of the innermost frame in user code: in no library, or in a library's
// test. Programs and other modules are user code, and so is a rule of theirs that a library calls. Without any it is
// the innermost frame outside of this package.
func asker(frames []runtime.Frame) string {
	nearest := ""
	for _, f := range frames {
		if isUsers(f) {
			return place(f)
		}
		if nearest == "" && !strings.HasPrefix(f.Function, libraries[0]) {
			nearest = place(f)
		}
	}
	return nearest
}

func isUsers(f runtime.Frame) bool {
	if strings.HasSuffix(f.File, "_test.go") {
		return true
	}
	for _, l := range libraries {
		if strings.HasPrefix(f.Function, l) {
			return false
		}
	}
	return true
}

func place(f runtime.Frame) string {
	dir, file := path.Split(f.File)
	return path.Join(path.Base(dir), file) + ":" + strconv.Itoa(f.Line)
}
