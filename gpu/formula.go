package gpu

import (
	"fmt"
	"strings"

	"hebb/compute"
)

// formula gives d the text of f, for shaders/formula.glsl, and its constants. The text says nothing of
// their values, so that another rate is not another shader.
func (d *dispatch) formula(f *compute.Formula) {
	d.define(true, "FORMULA "+glsl(f), fmt.Sprintf("VARS %d", max(1, f.Vars)))
	for i, c := range f.Consts {
		d.args.Factor[i/4][i%4] = c
	}
}

// glsl prints f as statements, one for each instruction.
func glsl(f *compute.Formula) string {
	var b strings.Builder
	for i, c := range f.Code {
		fmt.Fprintf(&b, "precise CELL t%d = %s; ", i, term(c))
	}
	fmt.Fprintf(&b, "return t%d;", len(f.Code)-1)
	return b.String()
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

func term(c compute.Instr) string {
	t := func(k int) string { return fmt.Sprint("t", c.Args[k]) }
	return strings.NewReplacer("#", fmt.Sprint(c.Num), "$0", t(0), "$1", t(1), "$2", t(2)).Replace(templates[c.Do])
}
