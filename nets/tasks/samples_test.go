package tasks

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/internal/lab"
)

func TestCentred(t *testing.T) {
	for name, part := range map[string]*data.Split{
		"bytes":  {Pixels: []byte{0, 255, 51, 255, 255, 0}, Labels: make([]int, 3)},
		"floats": {Floats: []float32{0, 1, 0.2, 1, 1, 0}, Labels: make([]int, 3)},
	} {
		set := &data.Set{Height: 1, Width: 2, Channels: 1, Train: part}
		if got, want := Centred(set, 2), []float32{-0.1, 0, 0.1, 0}; !slices.Equal(got, want) {
			t.Errorf("%s: the first two rows are %v, want %v", name, got, want)
		}
		if all := Centred(set, 0); len(all) != 3*2 {
			t.Errorf("%s: 0 takes %d numbers, want all 6", name, len(all))
		}
	}
}

// A witness answers with what it is shown, and remembers it.
type witness struct{ seen *[][]float32 }

func (w witness) Build(*nets.Store, nets.Spec) error { return nil }

func (w witness) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	x := make([]float32, m.X.Len())
	p.Read(m.X, x)
	*w.seen = append(*w.seen, x)
	return m.X
}

// TestSamples: ten rows of two equal numbers, 1 to 10, in batches of 3: an epoch is three batches without a repetition, in
// an order that is another one for each epoch and each seed, and that of a seed is the same beside others as alone.
func TestSamples(t *testing.T) {
	rows := make([]float32, 0, 20)
	for i := range 10 {
		rows = append(rows, float32(i+1), float32(i+1))
	}
	const epochs = 3
	shown := func(seed uint64, learners int) (orders [][]float32, variance []float64) {
		var seen [][]float32
		r := nets.Run{System: func() nets.System { return witness{&seen} }, Learners: learners, Seed: seed, Epochs: epochs,
			Task: func() nets.Task { return &Samples{Rows: rows, In: nets.Row(2), Batch: 3} }}
		err := r.On(lab.CPU(t), 3*epochs, func(_ int, m nets.Metrics) { variance = m.Get("variance").Each })
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) != 3*epochs {
			t.Fatalf("%d moments, want 3 of each of %d epochs", len(seen), epochs)
		}
		for l := range learners {
			var order []float32
			for _, x := range seen {
				for k, v := range x[l*6:][:6] {
					if k%2 == 0 {
						order = append(order, v)
					} else if v != order[len(order)-1] {
						t.Fatalf("a row of %g and %g, want two equal numbers", order[len(order)-1], v)
					}
				}
			}
			orders = append(orders, order)
		}
		return orders, variance
	}
	together, variance := shown(4, 3)
	different := map[string]bool{}
	for l, order := range together {
		sum := 0.0
		for _, v := range order {
			sum += 2 * float64(v*v)
		}
		if want := sum / float64(len(order)); !(math.Abs(variance[l]-want) <= 1e-12*want) { // of whole numbers
			t.Errorf("learner %d has the variance %g, want %g", l, variance[l], want)
		}
		if alone, _ := shown(4+uint64(l), 1); !slices.Equal(alone[0], order) {
			t.Errorf("learner %d is shown %v, and alone %v", l, order, alone[0])
		}
		for epoch := range slices.Chunk(order, 9) {
			key := string(bytesOf(epoch))
			if different[key] {
				t.Errorf("the order %v comes twice", epoch)
			}
			different[key] = true
			slices.Sort(epoch)
			if len(slices.Compact(epoch)) != 9 || epoch[0] < 1 || epoch[8] > 10 {
				t.Errorf("an epoch shows %v, want nine of 1 to 10", epoch)
			}
		}
	}
}

func bytesOf(x []float32) (b []byte) {
	for _, v := range x {
		b = append(b, byte(v))
	}
	return b
}

func TestWrongSamples(t *testing.T) {
	for want, s := range map[string]*Samples{
		"5 numbers, want at least one row of 2": {Rows: make([]float32, 5), In: nets.Row(2), Batch: 1},
		"0 numbers":                             {In: nets.Row(2), Batch: 1},
		"batches of 4 rows, want 1 to 3":        {Rows: make([]float32, 6), In: nets.Row(2), Batch: 4},
		"batches of 0 rows":                     {Rows: make([]float32, 6), In: nets.Row(2)},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q in it", err, want)
		}
	}
}
