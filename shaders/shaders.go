// Package shaders holds the GLSL of package gpu: each .comp file is a shader, each .glsl file a part that several of
// them include.
//
// Two directives are not GLSL's:
//
//	#include "file"        is that file;
//	#unroll i N … #end     is the lines between, N times, with i from 0.
//
// In such lines $i is the current index and $(…) an expression of loop variables and defines. Compilers unroll loops at
// their own discretion; in the kernels of products everything depends on it, since registers cannot be indexed.
package shaders

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.comp *.glsl
var files embed.FS

// Source returns the text of name.comp for a compiler: the version, the defines ("NAME" or "NAME value") and the file,
// with its includes and loops expanded.
func Source(name string, defines ...string) (string, error) {
	known := names{}
	var b strings.Builder
	b.WriteString("#version 430\n")
	for _, d := range defines {
		fmt.Fprintf(&b, "#define %s\n", d)
		known.define(d)
	}
	lines, err := include(nil, name+".comp")
	if err != nil {
		return "", err
	}
	if err := unroll(&b, lines, known); err != nil {
		return "", err
	}
	return b.String(), nil
}

// A line is a line of a file, with its position.
type line struct {
	file string
	n    int
	text string
}

func (l line) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", l.file, l.n, fmt.Errorf(format, args...))
}

func include(all []line, file string) ([]line, error) {
	text, err := files.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("shaders: %w", err)
	}
	for i, t := range strings.Split(string(text), "\n") {
		l := line{file, i + 1, t}
		if inner, ok := strings.CutPrefix(t, "#include "); !ok {
			all = append(all, l)
		} else if all, err = include(all, strings.Trim(inner, `"`)); err != nil {
			return nil, l.errorf("%w", err)
		}
	}
	return all, nil
}
