package catalogue

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/stack"
)

// BenchmarkParts times moments of 128 examples in 1, 2, 4 and 8 parts, which take turns. It reports the median of each and the
// quarters, in ms.
func BenchmarkParts(b *testing.B) {
	c := Default()
	for _, of := range []struct {
		net string
		in  nets.Shape
	}{{"mlp:784-500-10", nets.Row(784)}, {"resnet20", nets.Shape{Height: 32, Width: 32, Channels: 3}}} {
		b.Run(of.net, func(b *testing.B) {
			var all []*nets.Session
			var devices []*compute.Device
			parts := []int{1, 2, 4, 8}
			for _, micro := range parts {
				back, err := cpu.Open()
				if err != nil {
					b.Fatal(err)
				}
				dev := compute.New(back)
				defer dev.Close()
				r := nets.Run{System: func() nets.System {
					return &stack.System{Net: c.Network(of.net), Rule: stack.Backprop{}, Optimiser: nets.SGD{Momentum: 0.9}}
				}, Task: func() nets.Task {
					return &labelled{nets.Spec{In: of.in, Out: 10, Classes: true, Examples: 128, Trial: 1}}
				}, Rate: 0.001, Moments: 1, Micro: micro}
				s, err := r.Open(dev)
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				all, devices = append(all, s), append(devices, dev)
			}
			took := make([][]float64, len(parts))
			for b.Loop() {
				for i, s := range all {
					began := time.Now()
					if err := s.Step(b.Context()); err != nil {
						b.Fatal(err)
					}
					if err := devices[i].Sync(); err != nil {
						b.Fatal(err)
					}
					took[i] = append(took[i], time.Since(began).Seconds()*1000)
				}
			}
			for i, t := range took {
				slices.Sort(t)
				for name, x := range map[string]float64{"median": t[len(t)/2], "quarter1": t[len(t)/4], "quarter3": t[3*len(t)/4]} {
					b.ReportMetric(x, fmt.Sprintf("%s-ms/%d-parts", name, parts[i]))
				}
			}
		})
	}
}
