package compute

import (
	"path"
	"runtime"
	"strconv"
	"strings"
)

// libraries begin the names of functions that ask for ops on behalf of others: this package and what helps to test backends,
// networks and all that learns by them, and what a goroutine of theirs begins with.
var libraries = []string{"hebb/compute.", "hebb/compute/", "hebb/nets.", "hebb/nets/", "runtime.", "sync."}

// caller returns where an op was asked for, see [asker].
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

// asker returns the place, as "dir/file.go:41", of the innermost frame that is a user's: whose function is in none of the
// libraries, or in a test of one. Programs and other modules are users, and so is a rule of theirs that a library calls.
// Where there is none it is the innermost frame outside of this package.
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
