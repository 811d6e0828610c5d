package nets_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// TestStore: each learner has the numbers that it has alone, by its seed and the tensor's name, whatever lies beside it.
func TestStore(t *testing.T) {
	fill := nets.Filled(func(r *rand.Rand, x []float32) {
		for i := range x {
			x[i] = r.Float32()
		}
	})
	values := func(learners int, seed uint64, more bool) lab.Results {
		l := lab.Bare(t)
		s := must.Get(nets.Open(l.Device, learners, seed, func(s *nets.Store) error {
			if more {
				s.Weights("more", fill, 100)
			}
			s.Weights("drawn", nets.Normal(2), 7, 3)
			s.Kept("other", nets.Normal(2), 7, 3)
			s.Kept("uniform", nets.Uniform(2), 7, 3)
			s.State("filled", fill, 5)
			s.State("constant", nets.Constant(3), 1)
			return nil
		}))(t)
		out := lab.Results{}
		for _, n := range s.Tensors() {
			if out[n.Name] = l.Values(t, n.Value); s.Name(n.Value) != n.Name || n.Value.Batch() != learners {
				t.Errorf("%s is called %s, and is %v of %d learners", n.Name, s.Name(n.Value), n.Value, learners)
			}
		}
		return out
	}
	all := values(3, 5, true)
	delete(all, "more")
	for l := range 3 {
		for name, x := range values(1, 5+uint64(l), false) {
			if !slices.Equal(x, all[name][l*len(x):][:len(x)]) {
				t.Errorf("%s of learner %d has other numbers than alone", name, l)
			}
			if l > 0 && name != "constant" && slices.Equal(x, all[name][:len(x)]) {
				t.Errorf("%s of learner %d begins as that of learner 0", name, l)
			}
		}
	}
	if slices.Equal(all["drawn"], all["other"]) || all["constant"][2] != 3 {
		t.Errorf("constants %v", all["constant"])
	}
}

// TestGrads: gradients are 0 at first, and as their weights; At is a moment of a trial's scratch.
func TestGrads(t *testing.T) {
	l := lab.Exact(t)
	var w, scratch *compute.Tensor
	s := opened(t, l, 2, func(s *nets.Store) {
		s.Weights("first", nets.Zeros, 5)
		w, scratch = s.Weights("w", nets.Zeros, 3, 4), s.Scratch(6, 2, 3)
	})
	if g := s.Grad(w); !slices.Equal(g.Shape(), w.Shape()) || lab.Norm(l.Values(t, g)) != 0 || g != s.Grad(w) {
		t.Errorf("the gradient of %v is %v: %v", w, g, l.Values(t, g))
	}
	if at := nets.At(scratch, 5); !slices.Equal(at.Shape(), []int{2, 2, 3}) || at.Offset() != 5*12 {
		t.Errorf("moment 5 is %v at %d, want [2 2 3] at 60", at, at.Offset())
	}
}

// TestAdopt: tensors of another store come in the place of those of their names.
func TestAdopt(t *testing.T) {
	l := lab.Bare(t)
	build := func(names ...string) *nets.Store {
		return opened(t, l, 1, func(s *nets.Store) {
			for _, name := range names {
				s.Weights(name, nets.Zeros, 2)
				s.Counter("count." + name)
			}
		})
	}
	s, other := build("a", "b", "bc"), build("b", "d")
	names := func() (all string) {
		for _, n := range s.Tensors() {
			all += n.Name + " "
		}
		return all
	}
	s.Adopt(other)
	if names() != "a bc b d " || s.Tensors()[2].Value != other.Tensors()[0].Value {
		t.Error(names())
	}
	l.Write(t, other.Tensors()[1].Value, []float32{0, nan})
	if err := s.Sound(); err == nil || !strings.Contains(err.Error(), "the weights d are not finite") {
		t.Errorf("Sound: %v", err)
	}
	s.Disown(other)
	if err := s.Sound(); names() != "a bc " || err != nil {
		t.Error(names(), err)
	}
}

// TestStoreRefuses: what is asked for wrongly is said by name.
func TestStoreRefuses(t *testing.T) {
	l := lab.Bare(t)
	builds := 0
	for want, build := range map[string]func(s *nets.Store) error{
		"two tensors are called w":     func(s *nets.Store) error { s.Weights("w", nets.Zeros, 2); s.State("w", nets.Zeros, 2); return nil },
		"a tensor called __metadata__": func(s *nets.Store) error { s.Weights("__metadata__", nets.Zeros, 2); return nil },
		"for a [1] and then, the second time, for b [1]": func(s *nets.Store) error {
			s.Weights(map[bool]string{false: "a", true: "b"}[builds > 0], nets.Zeros, 1)
			builds++
			return nil
		},
		"without a name":                                     func(s *nets.Store) error { s.Counter(""); return nil },
		"w is asked for as [2 0]":                            func(s *nets.Store) error { s.Weights("w", nets.Zeros, 2, 0); return nil },
		"w is asked for as []":                               func(s *nets.Store) error { s.Weights("w", nets.Zeros); return nil },
		"the first values <nil>":                             func(s *nets.Store) error { s.Kept("w", nil, 2); return nil },
		"a Descent of no weights":                            func(s *nets.Store) error { s.Descent(nets.SGD{}); return nil },
		"a Descent without an Optimiser":                     func(s *nets.Store) error { s.Descent(nil); return nil },
		"momentum 2":                                         func(s *nets.Store) error { s.Descent(nets.SGD{Momentum: 2}); return nil },
		"is no weights of this store":                        func(s *nets.Store) error { s.Grad(s.State("h", nets.Zeros, 2)); return nil },
		"is none of this store":                              func(s *nets.Store) error { s.Aside(s.Fixed([]float32{1}, 1)); return nil },
		"asks for more than the first":                       func(s *nets.Store) error { builds++; s.Weights("w", nets.Zeros, 99*builds); return nil },
		"for w [201] and then, the second time, for w [101]": func(s *nets.Store) error { builds--; s.Weights("w", nets.Zeros, 1+100*builds); return nil },
		"fixed numbers":                                      func(s *nets.Store) error { s.Fixed([]float32{1}, 2); return nil },
		"an error of the system's own":                       func(s *nets.Store) error { return errOwn },
	} {
		builds = 0
		if strings.HasPrefix(want, "for w [201]") {
			builds = 3
		}
		if _, err := nets.Open(l.Device, 1, 1, build); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
	if _, err := nets.Open(l.Device, 0, 1, nil); err == nil || !strings.Contains(err.Error(), "0 learners") {
		t.Errorf("0 learners: %v", err)
	}
	s := opened(t, l, 1, func(s *nets.Store) { s.Weights("w", nets.Zeros, 2) })
	if s.Weights("late", nets.Zeros, 2); s.Err() == nil || !strings.Contains(s.Err().Error(), "late was asked for after Build") {
		t.Errorf("after Build: %v", s.Err())
	}
}

// TestLayouts: PyTorch's order of weights on images and of convolutions, and back, learner by learner.
func TestLayouts(t *testing.T) {
	conv := nets.Named{Shape: []int{2, 1, 2, 3}, Layout: nets.ChannelsLast}
	dense := nets.Named{Shape: []int{1, 8}, Layout: nets.Flattened(nets.Shape{Height: 2, Width: 2, Channels: 2})}
	plain := nets.Named{Shape: []int{3, 2}}
	for _, c := range []struct {
		n     nets.Named
		shape []int
		want  []float32 // of 0, 1, 2, …
	}{
		{conv, []int{2, 3, 1, 2}, []float32{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}},
		{dense, []int{1, 8}, []float32{0, 2, 4, 6, 1, 3, 5, 7}},
		{plain, []int{3, 2}, []float32{0, 1, 2, 3, 4, 5}},
	} {
		x := make([]float32, 2*len(c.want)) // of two learners
		for i := range x {
			x[i] = float32(i)
		}
		got := c.n.ToTorch(x)
		for i, w := range c.want {
			if got[i] != w || got[len(c.want)+i] != w+float32(len(c.want)) {
				t.Fatalf("%v: %v, want %v and the same of the second learner", c.n.Shape, got, c.want)
			}
		}
		if back := c.n.FromTorch(got); !slices.Equal(back, x) || !slices.Equal(c.n.TorchShape(), c.shape) {
			t.Errorf("%v: %v as %v, want %v as %v", c.n.Shape, back, c.n.TorchShape(), x, c.shape)
		}
	}
}

// TestWrongInit: initial values that cannot be are reported with the tensor's name.
func TestWrongInit(t *testing.T) {
	for want, init := range map[string]nets.Init{
		"c is to be NaN": nets.Constant(float32(math.NaN())), "c is to be -Inf": nets.Constant(float32(math.Inf(-1))),
		"want a standard deviation": nets.Normal(-1), "normal(0, NaN)": nets.Normal(math.NaN()), "six standard deviations": nets.Normal(1e38),
		"uniform(-0, 0), want an interval": nets.Uniform(0), "no longer than the largest float32": nets.Uniform(3e38),
	} {
		_, err := nets.Open(lab.Bare(t).Device, 1, 1, func(s *nets.Store) error {
			s.Weights("sound", nets.Zeros, 2)
			s.Kept("gain", init, 2)
			return nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), "nets: gain: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want the name gain and %q, once", err, want)
		}
	}
}
