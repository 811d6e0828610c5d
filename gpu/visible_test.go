package gpu

import (
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// visible returns the part of a shader's text that a compiler uses. If it left out too much, a mutant would go
// uncaught.
func visible(text string) (string, error) {
	var b strings.Builder
	defined := map[string]string{}
	levels := []branch{on}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "//")
		word, rest, _ := strings.Cut(strings.Trim(line, "\t "), " ")
		switch word {
		case "#if", "#ifdef", "#ifndef", "#elif", "#else", "#endif":
			levels = begin(levels, word)
			if top := &levels[len(levels)-1]; *top == waiting && word != "#endif" {
				if yes, err := holds(word, rest, defined); err != nil {
					return "", err
				} else if yes {
					*top = on
				}
			}
			continue
		case "#define":
			if levels[len(levels)-1] == on {
				name, value, _ := strings.Cut(rest, " ")
				defined[name] = value
			}
		}
		if levels[len(levels)-1] == on {
			b.WriteString(line + "\n")
		}
	}
	return called(b.String()), nil
}

// A branch of an #if is read, or waits for its condition, or is left out whatever that is.
type branch int

const (
	on branch = iota
	waiting
	off
)

// begin updates levels, a branch for each #if around a line, at a line that begins with word.
func begin(levels []branch, word string) []branch {
	top := len(levels) - 1
	switch word {
	case "#endif":
		return levels[:top]
	case "#elif", "#else":
		if levels[top] == on {
			levels[top] = off
		}
		return levels
	}
	if levels[top] != on {
		return append(levels, off)
	}
	return append(levels, waiting)
}

var (
	askedFor     = regexp.MustCompile(`defined\((\w+)\)`)
	constantName = regexp.MustCompile(`\b[A-Z]+\b`)
)

// holds returns the value of the condition after word, one of those that begin a part. Apart from defined(…), it is Go.
func holds(word, condition string, defined map[string]string) (bool, error) {
	switch word {
	case "#ifdef":
		condition = "defined(" + condition + ")"
	case "#ifndef":
		condition = "!defined(" + condition + ")"
	case "#else":
		return true, nil
	}
	condition = askedFor.ReplaceAllStringFunc(condition, func(s string) string {
		if _, ok := defined[askedFor.FindStringSubmatch(s)[1]]; ok {
			return "true"
		}
		return "false"
	})
	condition = constantName.ReplaceAllStringFunc(condition, func(s string) string { return defined[s] })
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, condition)
	if err != nil {
		return false, err
	}
	return constant.BoolVal(v.Value), nil
}

var function = regexp.MustCompile(`(?m)^\w+ (\w+)\([^;{]*\) \{(?:.*\}\n|\n(?:[^}].*\n|\n)*\}\n)`)

// called returns text without the functions that it never calls.
func called(text string) string {
	for {
		names := map[string]int{}
		for name := range strings.FieldsFuncSeq(text, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			names[name]++
		}
		for _, f := range function.FindAllStringSubmatch(text, -1) {
			names[f[1]]-- // overloads are called together
		}
		less := function.ReplaceAllStringFunc(text, func(f string) string {
			if name := function.FindStringSubmatch(f)[1]; name == "main" || names[name] > 0 {
				return f
			}
			return ""
		})
		if less == text {
			return text
		}
		text = less
	}
}

func TestVisible(t *testing.T) {
	got, err := visible("#define N 2\n#if N > 2\na\n#define X\n#ifdef N\n#endif\n#elif defined(N) && !defined(X) // b\n\t#ifdef X\n\tc\n\t#else\n\td\n\t#endif\n#else\ne\n#endif\nf\n")
	if want := "#define N 2\n\td\nf\n"; got != want || err != nil {
		t.Errorf("%q, want %q: %v", got, want, err)
	}
}

func TestCalled(t *testing.T) {
	const main = "void main() {\n\tf(1);\n}\n"
	got := called("int g() { return 1; }\nint h(int x) {\n\treturn g();\n}\nvoid f(int x) { }\nvoid f(float x) {\n}\n" + main)
	if want := "void f(int x) { }\nvoid f(float x) {\n}\n" + main; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
