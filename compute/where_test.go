package compute_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"hebb/compute"
)

// TestWhere: a mistake is reported at the user's line, however deep in a library it shows.
func TestWhere(t *testing.T) {
	do := runtime.Frame{Function: "hebb/compute.(*Step).Do", File: "/src/hebb/compute/device.go", Line: 1}
	pass := runtime.Frame{Function: "hebb/nets.(*Pass).Map", File: "/src/hebb/nets/pass.go", Line: 2}
	train := runtime.Frame{Function: "hebb/nets/train.Run.func1", File: "/src/hebb/nets/train/run.go", Line: 3}
	main := runtime.Frame{Function: "main.main", File: "/home/me/mine/main.go", Line: 4}
	end := runtime.Frame{Function: "runtime.goexit", File: "/go/src/runtime/asm.s", Line: 5}
	user := func(function, file string) runtime.Frame {
		return runtime.Frame{Function: function, File: file, Line: 9}
	}
	system, layer := user("hebb/nets/recurrent.(*RFLO).Step", "/src/hebb/nets/recurrent/rflo.go"), user("hebb/nets/stack.(*dense).Backward", "/src/hebb/nets/stack/layers.go")
	step, cli := user("hebb/nets.(*cohort).moment", "/src/hebb/nets/run.go"), user("hebb/cmd/cli.(*networkRun).train", "/src/hebb/cmd/cli/network.go")
	hebb := user("main.main", "/src/hebb/cmd/hebb/main.go")
	for _, test := range []struct {
		name, want string
		frames     []runtime.Frame
	}{
		{"a program's own step", "mine/main.go:4", []runtime.Frame{do, main, end}},
		{"a library's layer", "mine/main.go:4", []runtime.Frame{do, pass, train, main, end}},
		{"a user's rule", "mine/rule.go:9", []runtime.Frame{do, pass, user("example.com/mine.Rule.Send", "/home/me/mine/rule.go"), pass, train, main, end}},
		{"a module of a like name", "rules/rule.go:9", []runtime.Frame{do, pass, user("hebb-rules/rules.Rule.Send", "/home/me/rules/rule.go"), main}},
		{"a package of a like name", "netsuite/a.go:9", []runtime.Frame{do, user("hebb/netsuite.F", "/src/hebb/netsuite/a.go"), main}},
		{"another's package of that name", "nets/a.go:9", []runtime.Frame{do, user("example.com/hebb/nets.F", "/home/me/hebb/nets/a.go"), main}},
		{"a program of this module", "hebb/train.go:9", []runtime.Frame{do, pass, train, user("main.(*trainRun).run", "/src/hebb/cmd/hebb/train.go")}},
		{"a benchmark", "bench/gemm.go:9", []runtime.Frame{do, user("hebb/bench.gemm", "/src/hebb/bench/gemm.go"), main}},
		{"a test of a library", "nets/rule_test.go:9", []runtime.Frame{do, pass, user("hebb/nets.TestRule", "/src/hebb/nets/rule_test.go"), end}},
		{"a system of the command", "recurrent/rflo.go:9", []runtime.Frame{do, pass, system, step, train, cli, hebb, end}},
		{"a rule of the command", "credit/sign.go:9", []runtime.Frame{do, user("hebb/nets/credit.SignSymmetry.Send", "/src/hebb/nets/credit/sign.go"), layer, step, train, cli, hebb, end}},
		{"a system of a program with the command", "recurrent/rflo.go:9", []runtime.Frame{do, pass, system, step, train, cli, main, end}},
		{"a program's system in the command", "mine/rule.go:9", []runtime.Frame{do, pass, user("example.com/mine.Rule.Step", "/home/me/mine/rule.go"), step, train, cli, main, end}},
		{"the command itself", "nets/pass.go:2", []runtime.Frame{do, pass, train, cli, hebb, end}},
		{"the command alone", "cli/network.go:9", []runtime.Frame{do, cli, hebb, end}},
		{"paths left out of the program", "mine/rule.go:9", []runtime.Frame{do, user("example.com/mine.Send", "example.com/mine/rule.go")}},
		{"nobody but libraries", "nets/pass.go:2", []runtime.Frame{do, do, pass, train, user("sync.(*WaitGroup).Go.func1", "/go/src/sync/waitgroup.go"), end}},
	} {
		if got := compute.Asker(test.frames); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestWhereOfEach: every method of a Step reports its caller's line.
func TestWhereOfEach(t *testing.T) {
	d := device(t)
	x := tensor(t, d, 2)
	here := func() int {
		_, _, line, _ := runtime.Caller(1)
		return line
	}
	for _, test := range []struct {
		op   string
		line int
		do   func(s *compute.Step)
	}{
		{"Tensor", here(), func(s *compute.Step) { s.Tensor(-1) }},
		{"TensorOf", here(), func(s *compute.Step) { s.TensorOf(9, 1) }},
		{"View", here(), func(s *compute.Step) { s.View(x, 1, 2) }},
		{"compute.Copy", here(), func(s *compute.Step) { s.Do(compute.Copy{}) }},
		{"Write", here(), func(s *compute.Step) { s.Write(x, nil) }},
		{"Read", here(), func(s *compute.Step) { s.Read(x, nil) }},
	} {
		err := d.Step(func(s *compute.Step) error { test.do(s); return nil })
		var op *compute.OpError
		if !errors.As(err, &op) || op.Op != test.op || op.Where != fmt.Sprintf("compute/where_test.go:%d", test.line) {
			t.Errorf("%s, line %d: %v", test.op, test.line, err)
		}
	}
}
