package bench

import (
	"bytes"
	"errors"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
)

// Every case of a target is one that a run has.
func TestTargetCases(t *testing.T) {
	var names []string
	for _, c := range mustCases(t, Options{Suites: Suites, Batch: 256, gpu: true}) {
		names = append(names, c.Suite+" "+c.Name)
		if c.Training != nil {
			for _, rule := range c.Training.Rules {
				names = append(names, c.Suite+" "+c.Name+" "+rule)
			}
		}
	}
	if len(targets) != 9 {
		t.Errorf("%d targets, want 9", len(targets))
	}
	for _, g := range targets {
		for _, c := range g.cases {
			if !slices.Contains(names, g.suite+" "+c) {
				t.Errorf("no case %s %s", g.suite, c)
			}
		}
	}
}

// A page says of every target whether it is met, by the results of the right contenders.
func TestPage(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	line := func(suite, name, backend string, seconds float64) Result {
		return Result{Suite: suite, Case: name, Backend: backend, Device: "NVIDIA H200/PCIe/SSE2", Status: OK, Seconds: seconds, Date: at, Gbps: 1 / seconds, Images: 1 / seconds, Verified: 1}
	}
	tf32 := line("product", "NN 4096³", "torch-cuda", 0.1)
	tf32.PeerTF32 = true
	aa := line("training", "resnet18 32×32×3 n=256 aa", "gpu", 1.2)
	aa.VsBackprop = 1.2
	missing := line("product", "NN 4096³", "gpu", 0)
	missing.Status = Skipped
	half := line("product", "NN 8192³", "gpu", 0.625)
	half.Allow = "half"
	r := Collect([]Result{missing, tf32, half}, []Result{
		line("product", "NN 4096³", "gpu", 1), line("product", "NN 4096³", "torch-cuda", 0.95), line("product", "NN 4096³", "gpu", 7),
		line("product", "NN 8192³", "gpu", 1), line("product", "NN 8192³", "torch-cuda", 0.85),
		line("product", "NN 1024 × 64³", "gpu", 1), line("product", "NN 1024 × 64³", "torch-cpu", 9),
		line("training", "resnet18 32×32×3 n=256 bp", "gpu", 1), aa, line("training", "resnet18 32×32×3 n=64 bp", "cpu", 64),
		line("pointwise", "relu 67108864", "gpu", 1), line("pointwise", "copy 67108864", "torch-cuda", 0.92),
	})
	if r.Slug() != "nvidia-h200" || len(r.Devices) != 2 || !r.Start.Equal(at) {
		t.Errorf("slug %s, %d devices, %v", r.Slug(), len(r.Devices), r.Start)
	}
	var b bytes.Buffer
	must.Do(t, r.Markdown(&b, Setup{Commands: []string{"hebb bench"}}))
	for _, want := range []string{
		"NN 4096³ | ≥ 0.9× | 0.95× | yes |", "NN 8192³ | ≥ 0.9× | 0.85× | no |", "NN 1024 × 64³ | ≥ 1.2× | – | not measured |",
		"n=256 aa | ≤ 1.1× | 1.20× | no |", "≥ 50× | 64.0× | yes |", "relu 67108864 | ≥ 0.9× | 0.92× | yes |", "hebb bench", "bench.png",
		"product NN 8192³ | half | 625 ms ±0% | 0 | 1.00 s ±0% | 1.60× |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	roof := []Result{line("roof", "copy 1024", "gpu", 1), line("roof", "fma 1024×512", "gpu", 1)}
	roof[0].Op, roof[0].Bytes, roof[1].Flops = "copy", 8192, 1<<20
	if notes := Collect(roof, roof).roofTable().Notes; len(notes) != 2 || !strings.Contains(notes[0], "each of 2 runs") {
		t.Errorf("of two roofs: %q", notes)
	}
	b.Reset()
	must.Do(t, r.Rooflines(&b))
	if _, err := png.Decode(&b); err != nil {
		t.Error(err)
	}
}

// A page of a CPU begins with that machine, what it can do and how much of it is reached, and has nothing of a GPU's targets;
// that the machine was busy is said, and what that does to its roof.
func TestPageOfCPU(t *testing.T) {
	share := 0.4
	line := func(suite, name, op string, flops, bytes int64, share *float64) Result {
		return Result{Suite: suite, Case: name, Op: op, Backend: "cpu", Device: "Xeon", Status: OK, Seconds: 1, Flops: flops, Bytes: bytes, Share: 0.5, BoundBy: "compute",
			Others: share, Procs: 2, Go: "go1.26"}
	}
	r := Collect([]Result{
		line("roof", "fma", "fma", 2e9, 8, nil), line("roof", "copy 8", "copy", 0, 1e9, &share), line("product", "NN 64³", "gemm", 1e9, 1e8, &share),
	})
	var md, page bytes.Buffer
	must.Do(t, errors.Join(r.Markdown(&md, Setup{}), r.HTML(&page)))
	for doc, words := range map[string][]string{
		md.String():   {"# Xeon", "GOMAXPROCS 2, go1.26; other programs had 40 %", "WARNING: other", "roofs, measured", "by medians", "copy 8 on cpu: other programs had 40 %", "how much of the roof", "| 50% c |", "bench.png", "## product"},
		page.String(): {"<h1>hebb bench on Xeon", "WARNING: other", "GOMAXPROCS 2, go1.26; other programs had 40", "roofs, measured", "how much of the roof", "50% c", "<svg", "<h2>product"},
	} {
		at := 0
		for _, w := range words {
			i := strings.Index(doc[at:], w)
			if i < 0 {
				t.Fatalf("no %q after byte %d of\n%s", w, at, doc)
			}
			at += i
		}
		if strings.Contains(doc, "H200") || strings.Contains(doc, "arget") {
			t.Error("a page of a CPU has the targets of a GPU")
		}
	}
}

// Leeway is told of cases alone: what measures the device has none.
func TestLeewayTold(t *testing.T) {
	o := Options{Allow: compute.Half}
	for suite, want := range map[string]string{"product": "half", "training": "half", "roof": "", "transfer": ""} {
		if got := o.allowed(Case{Suite: suite}); got != want {
			t.Errorf("%s: %q, want %q", suite, got, want)
		}
	}
}
