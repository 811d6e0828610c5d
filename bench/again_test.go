package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
)

// timedPeer returns a peer that answers every case with these values and, of the i-th case that it loads, with the time times[i].
func timedPeer(t *testing.T, values []float32, times ...float64) *Peer {
	t.Helper()
	var cases strings.Builder
	for i, s := range times {
		fmt.Fprintf(&cases, `%d) echo '{"seconds":[%g,%g,%g]}' ;; `, i+1, s, s, s)
	}
	list := must.Get(json.Marshal(values))(t)
	return shellPeer(t, "cpu", fmt.Sprintf(`n=0; while read x; do case "$x" in
		*'"do":"load"'*) n=$((n+1)); echo '{"tried":[{"expr":"0","values":%s,"seconds":1}],"chosen":0}' ;;
		*'"do":"time"'*) case $n in %s *) echo '{"error":"one more"}' ;; esac ;;
		*) echo '{}' ;; esac; done`, list, &cases))
}

// ours is how long a case takes on the CPU of world.
func ours(t *testing.T, c Case) float64 {
	t.Helper()
	_, _, cpu := world()
	r := newRunner(t.Context(), contenders(cpu), Options{MaxCase: time.Second, now: func() time.Time { return *cpu.now }})
	return r.measure(c, r.devices, nil)[0].Seconds
}

// A case that is behind is measured again, beside the peer alone, and the median of these runs counts; one that is not is not.
func TestAgain(t *testing.T) {
	c := mustCases(t, Options{Suites: []string{"pointwise"}, Quick: true})[0]
	p := must.Get(newProblem(c, 1, 0))(t)
	p.set(real)
	var values []float32
	for _, v := range must.Get(p.wantOfPeer())(t) {
		values = append(values, float32(v.X))
	}
	took := ours(t, c)
	for name, k := range map[string]struct {
		again  int
		ratios []float64 // of the loads, in their order
		want   float64
		count  int // of runs again that are kept
	}{
		"ahead":                     {3, []float64{0.96}, 0.96, 0},
		"behind":                    {3, []float64{0.9, 1.2, 0.93, 1.1}, 1.1, 3},
		"behind again":              {3, []float64{0.9, 0.7, 0.8, 1.1}, 0.8, 3},
		"twice, of which the lower": {2, []float64{0.9, 1.1, 0.8}, 0.8, 2},
		"never":                     {0, []float64{0.9}, 0.9, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var times []float64
			for _, x := range k.ratios {
				times = append(times, x*took)
			}
			_, gpu, cpu := world()
			cpu.now = gpu.now
			o := Options{Seed: 1, MaxCase: time.Second, Again: k.again, Peer: timedPeer(t, values, times...), now: func() time.Time { return *gpu.now }}
			r := newRunner(t.Context(), contenders(gpu, cpu), o)
			first := r.run(c, r.devices)
			onGPU := first[0].Seconds
			r.Results = r.again(c, first)
			if len(r.Results) != 3 || r.Results[0].Seconds != onGPU {
				t.Fatalf("%d results: %+v", len(r.Results), r.Results)
			}
			got := r.Results[1]
			if got.Backend != "cpu" || got.Status != OK || got.VsPeer/k.want < 0.999 || got.VsPeer/k.want > 1.001 || len(got.Again) != k.count || !slices.IsSorted(got.Again) {
				t.Errorf("%s, %g of the peer, again %v; want %g", got.Status, got.VsPeer, got.Again, k.want)
			}
			if theirs := r.Results[2].Seconds; theirs/got.Seconds != got.VsPeer {
				t.Errorf("%g s and %g s are not of the same run as %g", got.Seconds, theirs, got.VsPeer)
			}
			standingsAre(t, &r.Report, k.want < behind, min(k.count, 1))
		})
	}
}

// standingsAre checks what a report says of its one case, in all of its forms.
func standingsAre(t *testing.T, r *Report, isBehind bool, again int) {
	t.Helper()
	all := r.Standings()
	if len(all) != 2 || all[0].Suite != "pointwise" || all[1].Suite != "" {
		t.Fatalf("%+v", all)
	}
	for _, s := range all {
		c := r.Results[1]
		if s.Peer != "torch-cpu" || s.Backend != "cpu" || s.Cases != 1 || s.Median != c.VsPeer || s.Worst != c.VsPeer || s.WorstCase != "pointwise "+c.Case ||
			(s.Behind == 1) != isBehind || s.Again != again {
			t.Errorf("%+v", s)
		}
	}
	var text, lines bytes.Buffer
	must.Do(t, errors.Join(r.Table(&text), Write(&lines, r.Results...), WriteStandings(&lines, all...)))
	if !strings.Contains(text.String(), "beside the peer") || strings.Contains(text.String(), "was measured again") != (again > 0) {
		t.Errorf("no standing in\n%s", &text)
	}
	if !strings.Contains(lines.String(), `"peer":"torch-cpu"`) {
		t.Errorf("no standing in\n%s", &lines)
	}
	if back := must.Get(Read(&lines))(t); !slices.Equal(Collect(back).Standings(), all) {
		t.Errorf("read back: %+v, want %+v", Collect(back).Standings(), all)
	}
}

// A wrong result of a run again is not lost among right ones.
func TestWrongAgain(t *testing.T) {
	p := timedPeer(t, []float32{83}, 1e-9, 1e-9, 1e-9)
	_, cpu := computers()
	r := newRunner(t.Context(), []compute.Backend{cpu}, Options{MaxCase: time.Second, Again: 2, Peer: p, now: func() time.Time { return *cpu.now }})
	c := Case{Suite: "training", Name: "any", Training: &tiny}
	first := r.run(c, r.devices)
	cpu.wrong = alwaysOff
	results := r.again(c, first)
	if res := results[0]; res.Status != Failed || res.VsPeer != 0 {
		t.Errorf("%+v", res)
	}
}

// The steps of other rules are not measured again, and keep their ratios to backprop's.
func TestTrainingAgain(t *testing.T) {
	p := timedPeer(t, []float32{83}, 1e-9, 2e-9, 3e-9, 4e-9)
	gpu, cpu := computers()
	r := train(t, Options{Peer: p, Again: 3}, gpu, cpu)
	for i, c := range of(r, "training", "cpu") {
		if (len(c.Again) == 3) != (i == 0) || (c.VsBackprop > 0) != (i > 0) || i == 0 && c.VsPeer != 3e-9/c.Seconds {
			t.Errorf("%s: again %v, %g of the peer, %g of backprop", c.Case, c.Again, c.VsPeer, c.VsBackprop)
		}
	}
	if wrong := r.Wrong(); len(wrong) > 0 {
		t.Error(wrong[0])
	}
}

// A peer whose library makes it slow is said to be that.
func TestPeerWarning(t *testing.T) {
	for blas, want := range map[string]string{
		"OpenBLAS 0.3.21 openmp SkylakeX": "", "MKL": "", "": "", "reference, libblas.so.3.11.0": "reference BLAS", "OpenBLAS 0.3.21 pthread SkylakeX": "remove libopenblas0-pthread",
		"OpenBLAS 0.3.21 openmp Haswell": "", "OpenBLAS 0.3.21 openmp Haswell without AVX-512": "unset OPENBLAS_CORETYPE",
	} {
		p := PeerInfo{Name: "torch", Torch: "0", BLAS: blas, Device: "two cores"}
		if got := p.Warning(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", blas, got, want)
		}
		var text bytes.Buffer
		must.Do(t, (&Report{Peer: &p}).Table(&text))
		if !strings.Contains(text.String(), blas) || strings.Contains(text.String(), "WARNING") != (want != "") {
			t.Errorf("%q is not said in\n%s", blas, &text)
		}
	}
}
