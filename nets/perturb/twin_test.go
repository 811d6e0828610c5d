package perturb_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/perturb"
)

// A lesson is a task of trials of three moments, the second of which wants nothing, of four examples, one of which is
// masked in the last moment. The first of three inputs is always 0, and the second is in the first moment only.
type lesson struct {
	x, want, mask [3][]float32
	shown         [3]nets.Moment
}

const lessonIn, lessonOut, lessonExamples = 3, 2, 4

func newLesson() *lesson {
	rnd, l := rand.New(rand.NewPCG(3, 4)), &lesson{}
	for t := range l.x {
		l.x[t] = lab.Normals(rnd, lessonExamples*lessonIn)
		for b := range lessonExamples {
			if l.x[t][b*lessonIn] = 0; t > 0 {
				l.x[t][b*lessonIn+1] = 0
			}
		}
		l.mask[t] = []float32{1, 1, 1, 1}
	}
	l.want[0], l.want[2] = lab.Normals(rnd, lessonExamples*lessonOut), lab.Normals(rnd, lessonExamples*lessonOut)
	l.mask[2][1] = 0
	return l
}

func (l *lesson) Build(s *nets.Store) (nets.Spec, error) {
	for t := range l.x {
		l.shown[t] = nets.Moment{X: s.Fixed(l.x[t], lessonExamples, lessonIn), Mask: s.Kept(fmt.Sprint("mask", t), nets.Filled(func(_ *rand.Rand, x []float32) {
			copy(x, l.mask[t])
		}), lessonExamples, 1), First: t == 0, Last: t == 2}
		if l.want[t] != nil {
			l.shown[t].Want = s.Fixed(l.want[t], lessonExamples, lessonOut)
		}
	}
	return nets.Spec{In: nets.Row(lessonIn), Out: lessonOut, Examples: lessonExamples, Trial: 3, Epoch: 3}, nil
}

func (l *lesson) Show(p *nets.Pass) nets.Moment { return l.shown[p.Number%3] }

func (l *lesson) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}

// A twin is a network in float64, of the equations of package perturb: plain forward passes, whose losses are subtracted.
type twin struct {
	set    perturb.Weight
	lesson *lesson
	w      [][]float64 // of each layer: of the inputs and, after them, of the layer itself if it is recurrent
}

// widths returns the units and the inputs of each of w.
func (n twin) widths() (all [][2]int) {
	in := lessonIn
	for _, units := range n.set.Hidden {
		all = append(all, [2]int{units, in})
		if n.set.Recurrent {
			all = append(all, [2]int{units, units})
		}
		in = units
	}
	return append(all, [2]int{lessonOut, in})
}

// add adds w·x to u, for each example.
func add(u, w, x []float64, units, in int) {
	for b := range lessonExamples {
		for i := range units {
			for j := range in {
				u[b*units+i] += w[i*in+j] * x[b*in+j]
			}
		}
	}
}

// trial goes through the moments of a trial from one to another, with noise on the weights and, if there is any, on the
// units, both times σ. It returns the sum over the moments of mean losses, and the inputs of each of w at each moment.
func (n twin) trial(from, to int, xi [][]float64, zeta func(t, layer int) []float64) (loss float64, inputs [][][]float64) {
	h, sigma := make([][]float64, len(n.set.Hidden)), float64(n.set.Sigma)
	for t := from; t < to; t++ {
		var x, y []float64
		for _, v := range n.lesson.x[t] {
			x = append(x, float64(v))
		}
		var all [][]float64
		widths, k := n.widths(), 0
		sum := func(u, x []float64) {
			w := slices.Clone(n.w[k])
			for i := range w {
				if xi != nil {
					w[i] += sigma * xi[k][i]
				}
			}
			add(u, w, x, widths[k][0], widths[k][1])
			all, k = append(all, slices.Clone(x)), k+1
		}
		for layer := range len(n.set.Hidden) + 1 {
			hidden := layer < len(n.set.Hidden)
			units := widths[k][0]
			u := make([]float64, lessonExamples*units)
			sum(u, x)
			if hidden && n.set.Recurrent {
				if h[layer] == nil {
					h[layer] = make([]float64, len(u))
				}
				sum(u, h[layer])
			}
			if zeta != nil {
				for i, z := range zeta(t, layer) {
					u[i] += sigma * z
				}
			}
			for i := range u {
				switch {
				case hidden && n.set.Recurrent:
					keep := float64(float32(1) - 1/n.set.Tau)
					u[i] = keep*h[layer][i] + float64(1/n.set.Tau)*math.Tanh(u[i])
				case hidden:
					u[i] = math.Tanh(u[i])
				}
			}
			if hidden && n.set.Recurrent {
				h[layer] = u
			}
			x, y = u, u
		}
		inputs = append(inputs, all)
		for i, want := range n.lesson.want[t] {
			loss += math.Pow(y[i]-float64(want), 2) * float64(n.lesson.mask[t][i/lessonOut]) / lessonExamples
		}
	}
	return loss, inputs
}

// noises returns what the system draws: on the weights at a moment, and on the units of a layer at any.
func (n twin) noises(t *testing.T, l lab.Lab, seed uint64, number int) (xi [][]float64, zeta func(number, layer int) []float64) {
	draw := func(number, count, size int) []float64 {
		x := l.New(t, 1, size)
		l.Do(t, func(s *compute.Step) error {
			s.Do(compute.Random{Out: x, Law: compute.Normal(0, 1), Seed: seed, Stream: uint64(number<<16 + count)})
			return nil
		})
		return l.Values(t, x)
	}
	for k, w := range n.widths() {
		xi = append(xi, draw(number, k, w[0]*w[1]))
	}
	drawn := map[[2]int][]float64{}
	return xi, func(number, layer int) []float64 {
		at := [2]int{number, layer}
		if drawn[at] == nil {
			drawn[at] = draw(number, layer, lessonExamples*append(slices.Clone(n.set.Hidden), lessonOut)[layer])
		}
		return drawn[at]
	}
}

// share is the part of moment t in the running mean over so many, as float32s make it.
func share(t, moments int) float64 {
	part := float64(1 / float32(t+1))
	for s := t + 1; s < moments; s++ {
		part *= float64(float32(s) / float32(s+1))
	}
	return part
}

// learn changes the weights by a trial of the moments from one to another.
func (n twin) learn(rule string, rate float64, from, to int, xi [][]float64, zeta func(t, layer int) []float64) {
	quiet, inputs := n.trial(from, to, nil, nil)
	var noisy float64
	if rule == "np" {
		noisy, _ = n.trial(from, to, nil, zeta)
	} else {
		noisy, _ = n.trial(from, to, xi, nil)
	}
	moments := float64(to - from)
	slope := (noisy - quiet) / moments / float64(n.set.Sigma)
	layerOf := func(k int) int {
		if n.set.Recurrent {
			return k / 2
		}
		return k
	}
	for k, size := range n.widths() {
		units, in := size[0], size[1]
		along := slices.Clone(xi[k])
		for i := range along {
			outer, used := 0., false
			for t := range inputs {
				for b := range lessonExamples {
					x, reaching := inputs[t][k][b*in+i%in], 0.
					used = used || x != 0
					switch rule {
					case "np":
						reaching = zeta(from+t, layerOf(k))[b*units+i/in]
					case "hp":
						for j, v := range n.widths() {
							if layerOf(j) == layerOf(k) {
								for c := range v[1] {
									reaching += xi[j][i/in*v[1]+c] * inputs[t][j][b*v[1]+c] * share(t, to-from) / lessonExamples
								}
							}
						}
					}
					outer += reaching * x
				}
			}
			switch {
			case rule == "np" || rule == "hp":
				along[i] = outer
			case rule == "wp0" && !used:
				along[i] = 0
			}
		}
		for i, a := range along {
			n.w[k][i] -= rate * slope * a
		}
	}
}

// TestTwin: two trials change the weights as the equations say: on a device of float64 to their digits, and on the CPU path
// as far as the bounds of its ops allow.
func TestTwin(t *testing.T) {
	for _, rule := range rules {
		for name, set := range variants {
			t.Run(rule+", "+name, func(t *testing.T) {
				if set.Sigma = 0.125; set.Exact {
					set.Sigma = 1 // where tanh(u + d) − tanh(u) is not of small d alone
				}
				run := nets.Run{System: made(rule, set), Task: func() nets.Task { return newLesson() }, Seed: 11, Rate: 3. / 256} // rate/3 has no rounding
				learned := func(t *testing.T, l lab.Lab) lab.Results {
					s := lab.Make(t, l.Device, run, 0)
					return lab.Results{"first": weights(t, l, s), "last": func() []float64 { lab.On(t, s, 3*trials); return weights(t, l, s) }()}
				}
				l := lab.Exact(t)
				got := learned(t, l)
				want := equations(t, l, rule, run, twin{set: set, lesson: newLesson()}, got["first"])
				changed := 0.
				for i, w := range want {
					if x := got["last"][i]; !(math.Abs(x-w) <= 1e-14*max(1, math.Abs(w))) {
						t.Errorf("weight %d is %.16g, want %.16g", i, x, w)
					}
					changed = max(changed, math.Abs(w-got["first"][i]))
				}
				if changed < 1e-3 {
					t.Errorf("weights changed by %g at most", changed)
				}
				near, bound := lab.Spread(t, lab.Float32s, 0, 16, learned)
				lab.Agree(t, "on the CPU path", learned(t, lab.Bare(t)), near, bound, 1)
				lab.Telling(t, "float32", near, bound, 1e-3)
			})
		}
	}
}

const trials = 2

// weights returns all weights of a run, one after the other.
func weights(t *testing.T, l lab.Lab, s *nets.Session) (all []float64) {
	for _, w := range s.Tensors() {
		if w.Role == nets.Weight {
			all = append(all, l.Values(t, w.Value)...)
		}
	}
	return all
}

// equations are the weights of a twin after the trials of a run.
func equations(t *testing.T, l lab.Lab, rule string, run nets.Run, n twin, first []float64) []float64 {
	all := slices.Clone(first)
	for rest, widths := all, n.widths(); len(rest) > 0; widths = widths[1:] {
		size := widths[0][0] * widths[0][1]
		n.w, rest = append(n.w, rest[:size]), rest[size:] // which changes all
	}
	for trial := range trials {
		between := func(from, to int) {
			xi, zeta := n.noises(t, l, run.Seed, 3*trial+from)
			n.learn(rule, run.Rate, from, to, xi, func(at, layer int) []float64 { return zeta(3*trial+at, layer) })
		}
		if n.set.Trials || n.set.Recurrent {
			between(0, 3)
			continue
		}
		for at := range 3 {
			if n.lesson.want[at] != nil {
				between(at, at+1)
			}
		}
	}
	return all
}
