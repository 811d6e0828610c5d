package shaders

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// names are the values of names in expressions.
type names map[string]int

func (n names) define(d string) {
	name, value, _ := strings.Cut(d, " ")
	if v, err := strconv.Atoi(value); err == nil {
		n[name] = v
	}
}

// unroll writes lines with their loops unrolled. A loop over a name that is not defined is left out with all its lines:
// it is in a part that the compiler does not see either.
func unroll(b *strings.Builder, lines []line, known names) error {
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		head, ok := strings.CutPrefix(strings.TrimLeft(l.text, "\t"), "#unroll ")
		if !ok {
			text, err := substitute(l.text, known)
			if err != nil {
				return l.errorf("%w", err)
			}
			b.WriteString(text)
			b.WriteByte('\n')
			continue
		}
		end := matching(lines[i:])
		if end < 0 {
			return l.errorf("#unroll without #end")
		}
		name, count, _ := strings.Cut(head, " ")
		times, err := known.number(count)
		if err != nil && !isUndefined(err) {
			return l.errorf("#unroll %s: %w", head, err)
		}
		outer, shadowed := known[name]
		for v := range times {
			known[name] = v
			if err := unroll(b, lines[i+1:i+end], known); err != nil {
				return err
			}
		}
		if delete(known, name); shadowed {
			known[name] = outer
		}
		i += end
	}
	return nil
}

// matching returns the index of the #end of the #unroll that lines begin with, or −1.
func matching(lines []line) int {
	depth := 0
	for i, l := range lines {
		switch t := strings.TrimLeft(l.text, "\t"); {
		case strings.HasPrefix(t, "#unroll "):
			depth++
		case t == "#end":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

var spoken = regexp.MustCompile(`\$([a-z]|\((?:[^()]|\([^()]*\))*\))`)

// substitute replaces $i, of one letter, and $(expression) by numbers.
func substitute(text string, known names) (string, error) {
	if !strings.Contains(text, "$") {
		return text, nil
	}
	var failed error
	text = spoken.ReplaceAllStringFunc(text, func(s string) string {
		v, err := known.number(s[1:])
		if err != nil {
			failed = fmt.Errorf("%s: %w", s, err)
		}
		return strconv.Itoa(v)
	})
	return text, failed
}

// number returns the value of an expression of numbers and names, with + - * / %, in Go's grammar.
func (n names) number(text string) (int, error) {
	e, ok := parsed.Load(text)
	if !ok {
		tree, err := parser.ParseExpr(text)
		if err != nil {
			return 0, err
		}
		e = tree
		parsed.Store(text, e)
	}
	return n.value(e.(ast.Expr))
}

// parsed caches the trees of expressions, which are few and used thousands of times.
var parsed sync.Map

type undefined string

func (u undefined) Error() string { return string(u) + " is not defined" }

func isUndefined(err error) bool {
	_, ok := err.(undefined)
	return ok
}

func (n names) value(e ast.Expr) (int, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return strconv.Atoi(e.Value)
	case *ast.Ident:
		if v, ok := n[e.Name]; ok {
			return v, nil
		}
		return 0, undefined(e.Name)
	case *ast.ParenExpr:
		return n.value(e.X)
	case *ast.BinaryExpr:
		x, err := n.value(e.X)
		if err != nil {
			return 0, err
		}
		y, err := n.value(e.Y)
		if err != nil {
			return 0, err
		}
		return apply(e.Op, x, y)
	}
	return 0, fmt.Errorf("an expression of %T", e)
}

func apply(op token.Token, x, y int) (int, error) {
	switch op {
	case token.ADD:
		return x + y, nil
	case token.SUB:
		return x - y, nil
	case token.MUL:
		return x * y, nil
	case token.QUO, token.REM:
		if y == 0 {
			return 0, fmt.Errorf("division by 0")
		}
		if op == token.QUO {
			return x / y, nil
		}
		return x % y, nil
	}
	return 0, fmt.Errorf("no operator %v here", op)
}
