package compute

import (
	"cmp"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// libraries lists the prefixes of functions that ask for ops on behalf of others: this package with its test helpers,
// the networks, and the functions that a goroutine starts with.
var libraries = []string{"hebb/compute.", "hebb/compute/", "hebb/nets.", "hebb/nets/", "runtime.", "sync."}

// floors lists the prefixes of libraries that call systems, tasks and rules, or are called by them, and are none themselves.
var floors = []string{"hebb/nets.", "hebb/nets/train.", "runtime.", "sync."}

// command is the prefix of the command's functions. It asks for ops on behalf of systems, and what calls it is no asker.
const command = "hebb/cmd/cli."

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
// test. Programs and other modules are user code, and so is a rule of theirs that a library calls. Without any before the
// command, which is in no one's name, it is that of the system, the task or the rule, or else the innermost frame outside of
// this package.
func asker(frames []runtime.Frame) string {
	nearest, system := "", ""
	for _, f := range frames {
		switch test := strings.HasSuffix(f.File, "_test.go"); {
		case test || !begins(f.Function, libraries) && !strings.HasPrefix(f.Function, command):
			return place(f)
		case strings.HasPrefix(f.Function, command):
			return cmp.Or(system, nearest, place(f))
		case system == "" && !strings.HasPrefix(f.Function, libraries[0]) && !begins(f.Function, floors):
			system = place(f)
		}
		if nearest == "" && !strings.HasPrefix(f.Function, libraries[0]) {
			nearest = place(f)
		}
	}
	return cmp.Or(system, nearest)
}

func begins(function string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(function, p) })
}

func place(f runtime.Frame) string {
	dir, file := path.Split(f.File)
	return path.Join(path.Base(dir), file) + ":" + strconv.Itoa(f.Line)
}
