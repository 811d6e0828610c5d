package compute_test

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

func device(t *testing.T) *compute.Device {
	t.Helper()
	d := compute.New(plain())
	t.Cleanup(func() { d.Close() })
	return d
}

func tensor(t *testing.T, d *compute.Device, shape ...int) *compute.Tensor {
	t.Helper()
	x := must.Get(d.Tensor(shape...))(t)
	return x
}

// A mistake is an op that is refused, and what the error has in it.
type mistake struct {
	name, want string
	op         compute.Op
}

// refused requires that each mistake is an error with the found and wanted values and the caller's line.
func refused(t *testing.T, d *compute.Device, all []mistake) {
	t.Helper()
	for _, m := range all {
		err := d.Step(func(s *compute.Step) error { s.Do(m.op); return nil })
		var op *compute.OpError
		if !errors.As(err, &op) || !strings.Contains(err.Error(), m.want) || !strings.Contains(op.Where, "device_test.go") {
			t.Errorf("%s: %v, want %q", m.name, err, m.want)
		}
	}
}

// TestAskedWrongly: mistakes in the ops on matrices.
func TestAskedWrongly(t *testing.T) {
	d, other := device(t), device(t)
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	one := compute.Epilogue{Alpha: 1}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	whole := x(4, 4)
	half := must.Get(whole.View(8, 2, 4))(t)
	var leaked *compute.Tensor
	must.Do(t, d.Step(func(s *compute.Step) error { leaked = s.Tensor(2, 2); return nil }))
	refused(t, d, []mistake{
		{"nil op", "the op is nil", nil},
		{"nil operand", "operand B is nil", compute.Gemm{C: x(2, 2), A: x(2, 2), Epilogue: one}},
		{"no device's", "the tensor is nil, or no device's", compute.Copy{Dst: x(2), Src: &compute.Tensor{}}},
		{"foreign", "another device", compute.Gemm{C: x(2, 2), A: x(2, 2), B: tensor(t, other, 2, 2), Epilogue: one}},
		{"released", compute.ErrReleased.Error(), compute.Gemm{C: x(2, 2), A: x(2, 2), B: leaked, Epilogue: one}},
		{"gemm shape", "C[2 2] = A[2 3] · B[2 3] does not fit", compute.Gemm{C: x(2, 2), A: x(2, 3), B: x(2, 3), Epilogue: one}},
		{"gemm batch", "A[3 2 2] is a batch of 3 and C[2 2 2] of 2", compute.Gemm{C: x(2, 2, 2), A: x(3, 2, 2), B: x(2, 2), Epilogue: one}},
		{"alias", "overlaps", compute.Gemm{C: whole, A: whole, B: x(4, 4), Epilogue: one}},
		{"alias of a view", "overlaps", compute.Gemm{C: half, A: x(2, 4), B: whole, Epilogue: one}},
		{"no factor", "Alpha and Beta are both 0", compute.Gemm{C: x(2, 2), A: x(2, 2), B: x(2, 2)}},
		{"NaN factor", "Alpha NaN", compute.Gemm{C: x(2, 2), A: x(2, 2), B: x(2, 2), Epilogue: compute.Epilogue{Alpha: nan}}},
		{"bias", "Bias is [3], want [2]", compute.Gemm{C: x(2, 2), A: x(2, 2), B: x(2, 2), Epilogue: compute.Epilogue{Alpha: 1, Bias: x(3)}}},
		{"aux", "Aux is [3 2]", compute.Gemm{C: x(2, 2), A: x(2, 2), B: x(2, 2), Epilogue: compute.Epilogue{Alpha: 1, Grad: compute.ReLU, Aux: x(3, 2)}}},
		{"aux without grad", "both or neither", compute.Gemm{C: x(2, 2), A: x(2, 2), B: x(2, 2), Epilogue: compute.Epilogue{Alpha: 1, Aux: x(2, 2)}}},
		{"act", "want one of [identity relu tanh sigmoid leaky-relu selu]", compute.Gemm{C: x(2, 2), A: x(2, 2), B: x(2, 2), Epilogue: compute.Epilogue{Alpha: 1, Act: 99}}},
		{"hebbian shape", "W[3 5], Y[4 2] and X[4 5] do not fit", compute.Hebbian{W: x(3, 5), Y: x(4, 2), X: x(4, 5)}},
		{"hebbian batch", "W[2 3 5] is a batch of 2, Y[3 4 3] of 3 and X[4 5] of 1, want as many or 1", compute.Hebbian{W: x(2, 3, 5), Y: x(3, 4, 3), X: x(4, 5)}},
		{"hebbian's G batch", "G is [3 4 3], want n×units as Y[2 4 3], a batch of 2 or 1", compute.Hebbian{W: x(2, 3, 5), Y: x(2, 4, 3), X: x(4, 5), G: x(3, 4, 3), Mask: compute.Full}},
		{"used", "Used is [3], want [2 1 1], one number for each member of C[2 2 2]", compute.Gemm{C: x(2, 2, 2), A: x(2, 2), B: x(2, 2), Used: x(3), Epilogue: one}},
		{"rates", "Rates is [3], want [2 1 1], one number for each network of W[2 3 5]", compute.Hebbian{W: x(2, 3, 5), Y: x(4, 3), X: x(4, 5), Rates: x(3)}},
		{"mask without G", "both or neither", compute.Hebbian{W: x(3, 5), Y: x(4, 3), X: x(4, 5), Mask: compute.Diagonal}},
		{"G", "G is [4 2], want n×units as Y[4 3]", compute.Hebbian{W: x(3, 5), Y: x(4, 3), X: x(4, 5), G: x(4, 2), Mask: compute.Full}},
		{"rate", "Rate +Inf", compute.Hebbian{W: x(3, 5), Y: x(4, 3), X: x(4, 5), Rate: inf}},
		{"bounds", "[1, -1], want Lo < Hi", compute.Hebbian{W: x(3, 5), Y: x(4, 3), X: x(4, 5), Lo: 1, Hi: -1}},
		{"NaN bound", "[NaN, 0], want Lo < Hi", compute.Hebbian{W: x(3, 5), Y: x(4, 3), X: x(4, 5), Lo: nan}},
		{"gram shape", "K is [2 2] of X[3 5]", compute.Gram{K: x(2, 2), X: x(3, 5)}},
		{"gram without X", "operand X is nil", compute.Gram{K: x(3, 3), Y: x(3, 5)}},
		{"gram rows", "rows of one length", compute.Gram{K: x(3, 2), X: x(3, 5), Y: x(2, 4)}},
		{"gram widths", "want 2×1×[3 3]", compute.Gram{K: x(3, 3), X: x(3, 5), Kernel: compute.Gaussian, Sigma: []float32{1, 2}}},
		{"no width", "0 widths", compute.Gram{K: x(3, 3), X: x(3, 5), Kernel: compute.Gaussian}},
		{"width 0", "Sigma[0] is 0, want a width above 0", compute.Gram{K: x(3, 3), X: x(3, 5), Kernel: compute.Gaussian, Sigma: []float32{0}}},
		{"width below 0", "Sigma[0] is -1", compute.Gram{K: x(3, 3), X: x(3, 5), Kernel: compute.Gaussian, Sigma: []float32{-1}}},
		{"width NaN", "Sigma[1] is NaN", compute.Gram{K: x(2, 3, 3), X: x(3, 5), Kernel: compute.Gaussian, Sigma: []float32{1, nan}}},
		{"width too small", "Sigma[0] is 1e-30", compute.Gram{K: x(3, 3), X: x(3, 5), Kernel: compute.Gaussian, Sigma: []float32{1e-30}}},
		{"width of cosine", "has no width", compute.Gram{K: x(3, 3), X: x(3, 5), Kernel: compute.Cosine, Sigma: []float32{1}}},
		{"copy", "want as many", compute.Copy{Dst: x(3), Src: x(4)}},
		{"rounds", "Rounds is 0, want 1 to 65536", compute.FMA{Out: x(3), X: x(3), A: 1}},
	})
}

// TestMissing: for each op with tensors in all of its fields, each one left out is named, or is optional.
func TestMissing(t *testing.T) {
	d := device(t)
	x := tensor(t, d, 4, 4)
	named := 0
	for _, op := range compute.Ops {
		fields := func(leave string) (paths []string, without compute.Op) {
			v := reflect.New(reflect.TypeOf(op)).Elem()
			compute.EachTensor(v, "", func(path string, t reflect.Value) {
				if paths = append(paths, path); path != leave {
					t.Set(reflect.ValueOf(x))
				}
			})
			return paths, v.Interface().(compute.Op)
		}
		paths, _ := fields("")
		for _, path := range paths {
			_, without := fields(path)
			err := d.Step(func(s *compute.Step) error { s.Do(without); return nil })
			outs, ins := compute.Operands(without)
			required := slices.Contains(append(outs, ins...), nil)
			if named += bit(required); required != (err != nil && strings.Contains(err.Error(), "operand "+path+" is nil")) {
				t.Errorf("%T without %s: %v", op, path, err)
			}
		}
	}
	if named < len(compute.Ops) {
		t.Errorf("%d operands were named, want one at least of each of %d ops", named, len(compute.Ops))
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestTensors(t *testing.T) {
	d := device(t)
	x := tensor(t, d, 2, 3, 4, 5)
	if x.Batch() != 6 || x.Rows() != 4 || x.Cols() != 5 || x.Len() != 120 || x.String() != "[2 3 4 5]" {
		t.Error(x, x.Batch(), x.Rows(), x.Cols())
	}
	v, err := x.View(20, 10, 10)
	if err != nil || v.Batch() != 1 || v.Rows() != 10 || v.Offset() != x.Offset()+20 {
		t.Error(v, err)
	}
	for _, test := range []struct {
		off   int
		shape []int
	}{{-1, []int{1}}, {0, nil}, {0, []int{121}}, {120, []int{1}}, {0, []int{0}}, {0, []int{-2, -3}}, {1, []int{math.MaxInt}}} {
		if v, err := x.View(test.off, test.shape...); err == nil {
			t.Error(test, v)
		}
	}
	for _, shape := range [][]int{{}, {0}, {3, -1}, {math.MaxInt, 2}, {1 << 31, 1 << 31, 1 << 31}, {1 << 40}} {
		if x, err := d.Tensor(shape...); err == nil {
			t.Error(shape, x)
		}
	}
}

// TestSteps: the first error sticks and nothing after it runs; scratch is given back, also by a panic, and used again;
// using it after its step is refused.
func TestSteps(t *testing.T) {
	d := device(t)
	x := tensor(t, d, 2)
	mine := errors.New("mine")
	err := d.Step(func(s *compute.Step) error {
		s.Write(x, []float32{1, 2})
		s.Write(x, []float32{1, 2, 3})
		s.Write(x, []float32{5, 6})
		s.Read(x, nil)
		return mine
	})
	if !errors.Is(err, mine) || !strings.Contains(err.Error(), "3 values for [2], want 2") {
		t.Error(err)
	}
	got := make([]float32, 2)
	if err := d.Step(func(s *compute.Step) error { s.Read(x, got); return s.Err() }); err != nil || got[0] != 1 {
		t.Error(err, got)
	}

	var first *compute.Tensor
	func() {
		defer func() { recover() }()
		d.Step(func(s *compute.Step) error { first = s.Tensor(7); panic("mid-step") })
	}()
	var kept *compute.Step
	if err := d.Step(func(s *compute.Step) error {
		kept = s
		if s.Tensor(7).Buffer() != first.Buffer() {
			t.Error("scratch was not used again")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	kept.Read(first, make([]float32, 7))
	if !errors.Is(kept.Err(), compute.ErrReleased) {
		t.Error(kept.Err())
	}
	if err := d.Step(func(s *compute.Step) error { s.Tensor(1 << 40); s.Tensor(3); return s.Err() }); err == nil {
		t.Error("no error for what does not fit")
	} else if strings.Count(err.Error(), "room for") != 1 {
		t.Error("said twice:", err)
	}
}

// TestSameMemory: a step that asks for the same tensors as the last one gets the same buffers for them, also where it
// has several of one length, where another kind of step was between, and where one was inside of it.
func TestSameMemory(t *testing.T) {
	d := device(t)
	step := func(inner bool, shapes ...[]int) (got []compute.Buffer) {
		must.Do(t, d.Step(func(s *compute.Step) error {
			for i, shape := range shapes {
				got = append(got, s.Tensor(shape...).Buffer())
				if i == 1 && inner {
					if err := d.Step(func(s *compute.Step) error { s.Tensor(4); s.Tensor(3); s.Tensor(4); return s.Err() }); err != nil {
						return err
					}
				}
			}
			return s.Err()
		}))
		return got
	}
	shapes := [][]int{{4}, {2, 2}, {3}, {4}, {1, 3}, {5}, {4}}
	first := step(false, shapes...)
	for range 3 {
		if got := step(false, shapes...); !slices.Equal(got, first) {
			t.Errorf("an equal step: %p, want %p", got, first)
		}
	}
	step(false, shapes[3:]...)
	if got := step(false, shapes...); !slices.Equal(got, first) {
		t.Errorf("after a shorter step: %p, want %p", got, first)
	}
	nested := step(true, shapes...)
	if got := step(true, shapes...); !slices.Equal(got, nested) {
		t.Errorf("with a step inside: %p, want %p", got, nested)
	}
}

func TestClose(t *testing.T) {
	d := compute.New(plain())
	x := tensor(t, d, 2)
	must.Do(t, d.Close())
	_, alloc := d.Tensor(2)
	for _, err := range []error{alloc, d.Sync(), d.Close(),
		d.Step(func(s *compute.Step) error { s.Write(x, []float32{1, 2}); return nil }),
		d.Step(func(s *compute.Step) error { s.Do(compute.Copy{Dst: x, Src: x}); return nil }),
	} {
		if !errors.Is(err, compute.ErrClosed) {
			t.Error(err)
		}
	}
}

// TestVerify: the wrapper counts the elements checked, and refuses a wrong result with all the details needed to find
// it.
func TestVerify(t *testing.T) {
	for _, test := range []struct {
		b    compute.Backend
		want string
	}{
		{plain(), ""},
		{hurt(func(_ compute.Op, out []float32) { out[1] = 9 }), "element 1 of [2 2] is 9, want 4 ± 0"},
	} {
		v := compute.Verify(test.b, 0)
		d := compute.New(v)
		err := d.Step(func(s *compute.Step) error {
			c, a, b := s.Tensor(2, 2), s.Tensor(2, 1), s.Tensor(1, 2)
			s.Write(a, []float32{1, 2})
			s.Write(b, []float32{3, 4})
			s.Do(compute.Gemm{C: c, A: a, B: b, Epilogue: compute.Epilogue{Alpha: 1}})
			return nil
		})
		if test.want == "" && (err != nil || v.Judged != 4 || v.Worst != 0) {
			t.Error(err, v.Tally)
		}
		if test.want != "" && (!errors.Is(err, compute.ErrWrong) || !strings.Contains(err.Error(), test.want)) {
			t.Error(err)
		}
		d.Close()
	}
}

// A counting backend computes nothing, and counts the buffers that are held.
type counting struct {
	compute.Stage
	held int
}

type counted struct {
	compute.Buffer
	of *counting
}

func (c *counting) Alloc(n int) (compute.Buffer, error) {
	b, err := c.Stage.Alloc(n)
	c.held++
	return counted{b, c}, err
}

func (b counted) Free() {
	b.of.held--
	b.Buffer.Free()
}

// TestLease: closing a lease frees its tensors and their views, and leaves the tensors of the device and of other leases.
func TestLease(t *testing.T) {
	b := &counting{}
	d := compute.New(b)
	l, other := d.Lease(), d.Lease()
	kept, x, y := tensor(t, d, 4), must.Get(l.Tensor(4))(t), must.Get(other.Tensor(4))(t)
	view := must.Get(x.View(1, 2))(t)
	clear := func(x *compute.Tensor) error {
		return d.Step(func(s *compute.Step) error {
			s.Do(compute.Map{Out: x, F: compute.Pointwise(compute.Const(0))})
			return nil
		})
	}
	for _, x := range []*compute.Tensor{kept, x, y, view} {
		must.Do(t, clear(x))
	}
	l.Close()
	l.Close()
	for _, x := range []*compute.Tensor{x, view} {
		if err := clear(x); !errors.Is(err, compute.ErrReleased) {
			t.Errorf("%v, want ErrReleased", err)
		}
	}
	if _, err := l.Tensor(4); !errors.Is(err, compute.ErrReleased) {
		t.Errorf("a tensor of a lease that has ended: %v, want ErrReleased", err)
	}
	if b.held != 2 {
		t.Errorf("%d buffers held, want 2", b.held)
	}
	must.Do(t, errors.Join(clear(kept), clear(y), d.Close()))
	if other.Close(); b.held != 0 {
		t.Errorf("%d buffers held after the device has closed, want none", b.held)
	}
}
