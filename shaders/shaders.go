// Package shaders holds the GLSL of package gpu: each .comp file is a shader, each .glsl file a part
// that several of them include.
package shaders

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.comp *.glsl
var files embed.FS

// Source returns the text of name.comp for a compiler: the version, the defines ("NAME" or
// "NAME value") and the file, each line #include "file" replaced by that file.
func Source(name string, defines ...string) (string, error) {
	var b strings.Builder
	b.WriteString("#version 430\n")
	for _, d := range defines {
		fmt.Fprintf(&b, "#define %s\n", d)
	}
	err := include(&b, name+".comp")
	return b.String(), err
}

func include(b *strings.Builder, file string) error {
	text, err := files.ReadFile(file)
	if err != nil {
		return fmt.Errorf("shaders: %w", err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if inner, ok := strings.CutPrefix(line, "#include "); !ok {
			fmt.Fprintln(b, line)
		} else if err := include(b, strings.Trim(inner, `"`)); err != nil {
			return fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
	}
	return nil
}
