package spiking_test

import (
	"math"
	"slices"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/spiking"
)

// A twinDepression is [spiking.Depression] in float64.
type twinDepression struct {
	spiking.Depression
	dt, u, spent float64
}

// step returns the effect of a step.
func (d *twinDepression) step(spiked bool) (effect float64) {
	d.u *= math.Exp(-d.dt / d.Facilitation)
	if spiked {
		d.u += d.U * (1 - d.u)
		effect = d.u * (1 - d.spent)
	}
	d.spent = (d.spent + effect) * math.Exp(-d.dt/d.Recovery)
	return effect
}

// TestDepression: effects of spikes at equal intervals are those of the closed forms, and what is spent is the sum of the earlier
// effects, each decayed.
func TestDepression(t *testing.T) {
	for _, of := range []spiking.Depression{{U: 0.25, Recovery: 706, Facilitation: 21}, {U: 1, Recovery: 100, Facilitation: 50}, {U: 0.1, Recovery: 50, Facilitation: 500}} {
		for _, steps := range []int{1, 7, 60} {
			const dt, spikes = 0.5, 4000
			d, apart := twinDepression{Depression: of, dt: dt}, float64(steps)*dt
			f, r := math.Exp(-apart/of.Facilitation), math.Exp(-apart/of.Recovery)
			u := of.U / (1 - (1-of.U)*f)
			var effects []float64
			for k := range spikes {
				effects = append(effects, d.step(true))
				for range steps - 1 {
					d.step(false)
				}
				used, spent := u-(u-of.U)*math.Pow((1-of.U)*f, float64(k)), 0.
				for m, effect := range effects[:k] {
					spent += effect * math.Pow(r, float64(k-m))
				}
				if want := used * (1 - spent); k < 100 && math.Abs(effects[k]-want) > 1e-12 {
					t.Fatalf("%+v, %g ms apart, spike %d: %.15g, want %.15g", of, apart, k, effects[k], want)
				}
			}
			if want := u * (1 - r) / (1 - (1-u)*r); math.Abs(effects[spikes-1]-want) > 1e-12 {
				t.Errorf("%+v, %g ms apart: effects come down to %.15g, want %.15g", of, apart, effects[spikes-1], want)
			}
		}
	}
}

func compared() nets.System {
	a := smallSpaces().(*spiking.Assemblies)
	a.Depressing = []float64{0.25, 70, 21}
	return a
}

// recovering is [scripted] for a readout, which recovers in the third of four moments.
func recovering() nets.Task {
	s := scripted().(*script)
	s.out++
	for k, c := range s.controls {
		s.controls[k] = append(c, map[bool]float32{true: 1}[k == 2])
	}
	return s
}

// TestReadout holds a system with a readout to the promises of package nets.
func TestReadout(t *testing.T) { nettest.System(t, compared, recovering) }

// TestReadoutReplay: synapses of the readout are in float32 what the twin has after the same spikes, and the answer has what they bring. u and what is spent are at most 1,
// and decay, so that each step adds at most a few roundings.
func TestReadoutReplay(t *testing.T) {
	for name, open := range map[string]func(*testing.T) lab.Lab{"cpu": lab.Bare, "gpu": lab.GPU} {
		t.Run(name, func(t *testing.T) {
			const moments, cells, steps, ulp = 11, 40, 30, 1. / (1 << 24)
			s := lab.Make(t, open(t).Device, nets.Run{System: compared, Task: recovering, Seed: 5, Rate: 1}, 0)
			twins := slices.Repeat([]twinDepression{{Depression: spiking.Depression{U: 0.25, Recovery: 70, Facilitation: 21}, dt: 0.5}}, cells)
			most, brought, spikes := 0., 0., 0.
			for k := range moments {
				lab.On(t, s, 1)
				of := lab.Values(t, s)
				for _, n := range append(of["content.spikes"], of["variable 1.spikes"]...) {
					spikes += float64(n)
				}
				for i := range twins {
					d := &twins[i]
					if k%4 == 2 {
						d.u, d.spent = 0, 0
					}
					for n := range steps {
						brought += d.step(of["content.spikes"][n*cells+i] != 0)
					}
					const bound = 6 * ulp * steps * moments
					if u, spent := of["content to readout.u"][i], of["content to readout.spent"][i]; math.Abs(float64(u)-d.u) > bound || math.Abs(float64(spent)-d.spent) > bound {
						t.Fatalf("moment %d, cell %d: u %.9g and %.9g spent, want %.9g and %.9g within %.2g", k, i, u, spent, d.u, d.spent, bound)
					}
					most = max(most, d.spent)
				}
			}
			if got := lab.Metrics(t, s).Get("spikes").Each[0]*moments - spikes; most < 0.3 || brought < 20 || math.Abs(got-brought) > 1e-3 {
				t.Errorf("the readout got %g from %g spikes, want %g; at most %g is spent", got, spikes, brought, most)
			}
		})
	}
}
