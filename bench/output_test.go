package bench

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"image/png"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"

	"hebb/internal/float"
	"hebb/internal/must"
)

// sampleReport is a run of one suite in which one case on the GPU is wrong. Each caller has its own
// copy.
func sampleReport(t *testing.T) *Report {
	t.Helper()
	r := must.Get(sampleRun())(t)
	if len(r.Wrong()) != 1 {
		t.Fatalf("%d results are wrong, want 1", len(r.Wrong()))
	}
	own := *r
	own.Results = slices.Clone(r.Results)
	return &own
}

var sampleRun = sync.OnceValues(func() (*Report, error) {
	now, gpu, cpu := world()
	gpu.uneven, cpu.uneven = true, true // so that the fastest sample is not the median
	return Run(context.Background(), contenders(gpu, cpu), Options{
		Suites: []string{"hebbian"}, Quick: true, Settings: "rung=naive", roofs: lowRoofs(), now: func() time.Time { return *now },
		Began: func(p Progress) {
			gpu.wrong = nil
			if p.Case.Name == "hebb 64×64 n=16" {
				gpu.wrong = alwaysOff
			}
		},
	})
})

func TestJSON(t *testing.T) {
	t.Parallel()
	r := sampleReport(t)
	r.Results[0].Worst = float.OrText(math.Inf(1))
	var b bytes.Buffer
	must.Do(t, Write(&b, r.Results...))
	if n := strings.Count(b.String(), "\n"); n != len(r.Results) {
		t.Errorf("%d lines of %d results", n, len(r.Results))
	}
	for _, key := range []string{"op", "suite", "case", "backend", "device", "driver", "sizes", "seconds", "spread", "samples",
		"gflops", "gbps", "share_of_peak", "bound_by", "verified", "worst", "speedup", "date", "hebb"} {
		if !strings.Contains(b.String(), `"`+key+`":`) {
			t.Errorf("no %s in the JSON", key)
		}
	}
	back := must.Get(Read(&b))(t)
	if c := r.Results[1]; c.Procs < 1 || !strings.HasPrefix(c.Go, "go") || c.Settings != "rung=naive" || len(c.Times) != c.Samples {
		t.Errorf("what it was measured with is not said: %+v", c)
	}
	for i := range r.Results {
		if want := r.Results[i]; !reflect.DeepEqual(back[i], want) {
			t.Errorf("read back\n%+v\nwant\n%+v", back[i], want)
		}
	}
	if _, err := Read(strings.NewReader(`{"suite":"gram","case":"a","backend":"cpu","status":"ok"}` + "\n{")); err == nil || !strings.Contains(err.Error(), "result 2") {
		t.Errorf("half a line: %v", err)
	}
}

func TestBenchfmt(t *testing.T) {
	t.Parallel()
	r := sampleReport(t)
	var b bytes.Buffer
	must.Do(t, WriteBenchfmt(&b, r.Results...))
	lines, want := map[string]int{}, 0
	for in := benchfmt.NewReader(&b, "bench"); in.Scan(); {
		rec, ok := in.Result().(*benchfmt.Result)
		if !ok {
			t.Fatalf("%T: %v", in.Result(), in.Result())
		}
		if s, ok := rec.Value("sec/op"); !ok || s <= 0 {
			t.Errorf("%s takes %g", rec.Name, s)
		}
		lines[rec.GetConfig("backend")]++
	}
	for _, c := range r.Results {
		want += c.Samples
	}
	if lines["gpu"]+lines["cpu"] != want || lines["gpu"] == 0 || lines["cpu"] == 0 {
		t.Errorf("%v lines, want %d", lines, want)
	}
}

func TestPlots(t *testing.T) {
	t.Parallel()
	r := sampleReport(t)
	var b bytes.Buffer
	must.Do(t, r.PNG(&b))
	img, err := png.Decode(&b)
	if err != nil || img.Bounds().Dx() < 500 || img.Bounds().Dy() < 500 {
		t.Errorf("image: %v", err)
	}
	b.Reset()
	must.Do(t, r.SVG(&b))
	wellFormed(t, b.Bytes(), "gpu roof", "oja 512×512 n=128", "Speed-up")

	none := &Report{}
	if err := none.PNG(io.Discard); err != nil {
		t.Errorf("a report of nothing: %v", err)
	}
}

// TestReports: a terminal and a page report the run's results. There is one roof: the terminal, the page, the JSON and
// a page made of that JSON have the same roof, and the same shares of it.
func TestReports(t *testing.T) {
	t.Parallel()
	live := sampleReport(t)
	live.Command = "hebb bench <&>"
	var lines, text, page, md bytes.Buffer
	must.Do(t, errors.Join(Write(&lines, live.Results...), live.Table(&text), live.HTML(&page)))
	back := must.Get(Read(&lines))(t)
	again := Collect(back)
	must.Do(t, again.Markdown(&md, Setup{}))
	has := func(first, cell string) {
		t.Helper()
		for kind, row := range map[string]string{"text": "  " + first + " ", "HTML": "<tr><td>" + first + "</td>", "Markdown": "| " + first + " |"} {
			doc := map[string]string{"text": text.String(), "HTML": html.UnescapeString(page.String()), "Markdown": md.String()}[kind]
			if !slices.ContainsFunc(strings.Split(doc, "\n"), func(l string) bool { return strings.HasPrefix(l, row) && strings.Contains(l, cell) }) {
				t.Errorf("%s has no %q in the row of %s", kind, cell, first)
			}
		}
	}
	for doc, words := range map[string][]string{
		text.String(): {"gpu: fake gpu", "FAILED", "oja 512×512 n=128", "hebb 64×64 n=16 on gpu FAILED: element", "1 FAILED", "write 4 KiB"},
		page.String(): {"hebb bench &lt;&amp;&gt;", "fake gpu", `<td class="bad">FAILED</td>`, "oja 512×512", "patience", "<svg", "currentColor", "prefers-color-scheme: dark"},
	} {
		for _, w := range words {
			if !strings.Contains(doc, w) {
				t.Errorf("no %q in\n%s", w, doc)
			}
		}
	}
	for _, foreign := range []string{"<script", "src=", "@import", "url(", "<link"} {
		if strings.Contains(page.String(), foreign) {
			t.Errorf("the page has %q, want one that needs no other file", foreign)
		}
	}
	for i, d := range live.Devices {
		if again.Devices[i].Roof != d.Roof {
			t.Errorf("the JSON has %+v, the run had %+v", again.Devices[i].Roof, d.Roof)
		}
		has(d.Backend, figures(d.Roof.Flops/1e9))
		for k, c := range of(live, "hebbian", d.Backend) {
			if c.Status != OK {
				continue
			}
			intensity := float64(c.Flops) / float64(c.Bytes)
			share := c.Gflops * 1e9 / min(d.Roof.Flops, intensity*d.Roof.Bytes)
			if math.Abs(share/c.Share-1) > 1e-9 || of(again, "hebbian", d.Backend)[k].Share != c.Share {
				t.Errorf("%s: %g of the roof, want %g", c.Case, c.Share, share)
			}
			has(c.Case, fmt.Sprintf("%.0f%% %.1s", 100*share, c.BoundBy))
		}
	}
}

func wellFormed(t *testing.T, doc []byte, words ...string) {
	t.Helper()
	text := ""
	for dec := xml.NewDecoder(bytes.NewReader(doc)); ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := tok.(xml.CharData); ok {
			text += string(c)
		}
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in the drawing", w)
		}
	}
}
