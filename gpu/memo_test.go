package gpu

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
)

// A secretary is a paper with a memo, which plans remembered ops too, to compare.
type secretary struct {
	*paper
	memo         memo
	asked, known int
	wrong        error
}

func (s *secretary) Run(op compute.Op) error {
	p, err := s.plan(op)
	if err != nil {
		return err
	}
	s.asked++
	if l := s.memo.look(op); l == nil {
		s.memo.keep(op, &launch{plan: p})
		if s.memo.look(op) == nil {
			s.wrong = errors.Join(s.wrong, fmt.Errorf("%T is not remembered", op))
		}
	} else if s.known++; !reflect.DeepEqual(l.plan, p) {
		s.wrong = errors.Join(s.wrong, fmt.Errorf("%T: the plan remembered is of another op:\n%+v\n%+v", op, l.plan, p))
	}
	return errPlanned
}

// TestMemo: every op is remembered, with the plan that would be made anew. Recycled memory brings the same buffers back
// in other shapes and places.
func TestMemo(t *testing.T) {
	s := &secretary{paper: &paper{planner: desk("", nil)}}
	dev := compute.New(s)
	for range 2 {
		for _, c := range computetest.Cases(computetest.Quick) {
			if _, err := c.Check(1, dev); !errors.Is(err, errPlanned) {
				t.Fatal(err)
			}
		}
	}
	if s.wrong != nil {
		t.Error(s.wrong)
	}
	if s.known == 0 || s.known == s.asked {
		t.Errorf("%d of %d plans were known: the test shows nothing", s.known, s.asked)
	}
}

// TestMemoOfSteps: all ops of a step are known when it comes again, though its scratch has several tensors of a length.
func TestMemoOfSteps(t *testing.T) {
	stage := &compute.Stage{}
	dev := compute.New(stage)
	var m memo
	f := compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(1)))
	for k := range 3 {
		stage.Ops = nil
		must.Do(t, dev.Step(func(s *compute.Step) error {
			x, y := s.Tensor(8, 4), s.Tensor(4, 8)
			for range 4 {
				z := s.Tensor(8, 8)
				s.Do(compute.Gemm{C: z, A: x, B: y, Epilogue: compute.Epilogue{Alpha: 1}})
				x, y = s.Tensor(8, 4), s.Tensor(4, 8)
				s.Do(compute.Map{Out: x, In: []*compute.Tensor{y, y}, F: f})
			}
			return s.Err()
		}))
		known := 0
		for _, op := range stage.Ops {
			if m.look(op) != nil {
				known++
			}
			m.keep(op, &launch{})
		}
		if want := min(k, 1) * len(stage.Ops); known != want {
			t.Errorf("step %d: %d of %d ops are known, want %d", k, known, len(stage.Ops), want)
		}
	}
}

// TestSignature: no field of an op may change without its signature.
func TestSignature(t *testing.T) {
	a, b := tensors(t)(2, 6), tensors(t)(2, 6)
	part, err := a.View(2, 1, 6)
	reshaped, err2 := a.View(0, 3, 4)
	must.Do(t, errors.Join(err, err2))
	f := compute.Pointwise(compute.Mul(compute.Const(2), compute.Var(0)))
	g := *f
	g.Consts = []float32{3}
	values := map[reflect.Type][]any{
		reflect.TypeFor[*compute.Tensor]():    {a, b, part, reshaped},
		reflect.TypeFor[[]*compute.Tensor]():  {[]*compute.Tensor{a}, []*compute.Tensor{b}, []*compute.Tensor{a, b}},
		reflect.TypeFor[*compute.Func]():      {f, &g, compute.Pointwise(compute.Var(0))},
		reflect.TypeFor[[]float32]():          {[]float32{1}, []float32{2}, []float32{1, 2}},
		reflect.TypeFor[compute.Similarity](): {compute.Similarity{X: a}, compute.Similarity{X: a, Sigma: []float32{1}}, compute.Similarity{X: a, PerDim: true}},
	}
	for _, op := range compute.Ops {
		typ := reflect.TypeOf(op)
		for _, f := range reflect.VisibleFields(typ) {
			var m memo
			var seen []string
			x := reflect.New(typ).Elem()
			for _, v := range append([]any{nil}, variants(f.Type, values)...) {
				if v != nil {
					x.FieldByIndex(f.Index).Set(reflect.ValueOf(v).Convert(f.Type))
				}
				if !m.sign(x.Interface().(compute.Op)) {
					t.Fatalf("%v has no signature", typ)
				}
				if slices.Contains(seen, string(m.text)) {
					t.Errorf("%v: another %s is the same signature", typ, f.Name)
				}
				seen = append(seen, string(m.text))
			}
			if len(seen) < 2 && f.Type.Kind() != reflect.Struct && f.Type.Kind() != reflect.Array {
				t.Errorf("%v: no values for %s %v", typ, f.Name, f.Type)
			}
		}
	}
}

// variants returns values of a type, none of which is its zero value.
func variants(typ reflect.Type, known map[reflect.Type][]any) []any {
	switch typ.Kind() {
	case reflect.Bool:
		return []any{true}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		return []any{1, 2}
	case reflect.Float32:
		return []any{1.5, -1.5}
	}
	return known[typ]
}

// TestMemoForgets: no more than two generations are kept, and launches in use survive them.
func TestMemoForgets(t *testing.T) {
	var m memo
	x := tensors(t)(4)
	always, once := compute.Random{Out: x}, compute.Random{Out: x, Seed: 1}
	m.keep(always, &launch{})
	m.keep(once, &launch{})
	for i := range uint64(3 * remembered) {
		m.keep(compute.Random{Out: x, Stream: 1 + i}, &launch{})
		if m.look(always) == nil {
			t.Fatal("what is asked for again and again is forgotten")
		}
	}
	if m.look(once) != nil || len(m.young)+len(m.old) > 2*remembered {
		t.Errorf("%d launches are kept, want at most %d", len(m.young)+len(m.old), 2*remembered)
	}
}
