package gpu

import (
	"strconv"

	"hebb/compute"
)

// formula gives d the text of f, for shaders/formula.glsl, and its constants. The text does not contain their values,
// so that another rate is not another shader.
func (d *dispatch) formula(f *compute.Func) {
	d.define(true, "FORMULA "+glsl(f), "VARS "+strconv.Itoa(max(1, f.Vars)))
	for i, c := range f.Consts {
		d.args.Factor[i/4][i%4] = c
	}
}

// glsl prints f as statements, one for each instruction.
func glsl(f *compute.Func) string {
	b := make([]byte, 0, 48*len(f.Code))
	for i, c := range f.Code {
		b = append(b, "precise CELL t"...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, " = "...)
		b = appendTerm(b, c)
		b = append(b, "; "...)
	}
	b = append(b, "return t"...)
	b = strconv.AppendInt(b, int64(len(f.Code)-1), 10)
	return string(append(b, ';'))
}

// templates are the primitives in GLSL, the results of earlier instructions being $0, $1 and $2.
var templates = map[compute.Prim]string{
	compute.PrimVar:    "INPUT(#)",
	compute.PrimConst:  "CONSTANT(#)",
	compute.PrimOld:    "old",
	compute.PrimAdd:    "$0 + $1",
	compute.PrimSub:    "$0 - $1",
	compute.PrimMul:    "$0 * $1",
	compute.PrimDiv:    "$0 / $1",
	compute.PrimNeg:    "-$0",
	compute.PrimExp:    "exp($0)",
	compute.PrimLog:    "log($0)",
	compute.PrimSqrt:   "root($0)",
	compute.PrimMax:    "max($0, $1)",
	compute.PrimMin:    "min($0, $1)",
	compute.PrimSelect: "mix($2, $1, above0($0))",
}

// appendTerm fills a template in.
func appendTerm(b []byte, c compute.Instr) []byte {
	t := templates[c.Do]
	for i := 0; i < len(t); i++ {
		switch t[i] {
		case '#':
			b = strconv.AppendInt(b, int64(c.Num), 10)
		case '$':
			i++
			b = strconv.AppendInt(append(b, 't'), int64(c.Args[t[i]-'0']), 10)
		default:
			b = append(b, t[i])
		}
	}
	return b
}
