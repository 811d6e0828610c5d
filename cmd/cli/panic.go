package cli

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// traceEnv in the environment has a panic print its stack too.
const traceEnv = "HEBB_TRACE"

// guarded calls f and returns its error. A panic in it is an error that names who panicked and the line: of who, if it is in a
// system, a task or a rule that a program added.
func guarded(who string, f func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		at, users := panicked()
		err = fmt.Errorf("%s panicked at %s: %v", who, at, p)
		if !users {
			err = fmt.Errorf("%w; the fault is hebb's, not yours", err)
		}
		if os.Getenv(traceEnv) == "" {
			err = fmt.Errorf("%w; %s=1 in the environment prints the whole trace", err, traceEnv)
		} else {
			err = fmt.Errorf("%w\n%s", err, debug.Stack())
		}
	}()
	return f()
}

// panicked returns the line of the panic that is being recovered from, "mine/rule.go:41 (mine.Rule.Learn)": that of the innermost
// caller in a program's own code, if there is any, or else in hebb's.
func panicked() (at string, users bool) {
	pcs := make([]uintptr, 256)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	began := false
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		pkg, test := packageOf(f.Function), strings.HasSuffix(f.File, "_test.go")
		switch {
		case f.Function == "runtime.gopanic":
			began = true
		case !began || isStandard(pkg):
		case pkg == "hebb/cmd/cli" && !test:
			return at, false // all beyond is the program that calls Main
		case test || !isHebb(pkg):
			return lineOf(f), true
		case at == "":
			at = lineOf(f)
		}
	}
	return at, false
}

func lineOf(f runtime.Frame) string {
	dir, file := path.Split(filepath.ToSlash(f.File))
	return fmt.Sprintf("%s:%d (%s)", path.Join(path.Base(dir), file), f.Line, path.Base(f.Function))
}

// packageOf is the import path of a function: what is before the first dot after the last slash.
func packageOf(function string) string {
	dir, name := path.Split(function)
	name, _, _ = strings.Cut(name, ".")
	return dir + name
}

// within reports whether a package is of a module, or of a folder of one.
func within(pkg, module string) bool { return pkg == module || strings.HasPrefix(pkg, module+"/") }

// own are the libraries of this module.
var own = []string{"hebb/compute", "hebb/nets", "hebb/cpu", "hebb/gpu", "hebb/backend", "hebb/internal", "hebb/bench", "hebb/cmd"}

// isHebb reports whether a package is one of this module's libraries.
func isHebb(pkg string) bool {
	return slices.ContainsFunc(own, func(library string) bool { return within(pkg, library) })
}

// isStandard reports whether a package is of the standard library: of no module of the program, and without a dot in its first
// element.
func isStandard(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	if strings.Contains(first, ".") || isHebb(pkg) || pkg == "main" {
		return false
	}
	info, ok := debug.ReadBuildInfo()
	return !ok || !within(pkg, info.Main.Path) && !slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return within(pkg, m.Path) })
}
