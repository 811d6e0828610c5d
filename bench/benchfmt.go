package bench

import (
	"io"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// WriteBenchfmt writes results in Go's benchmark format, a line for each sample, so that benchstat
// does its own statistics: benchstat -col backend FILE. What was not timed is left out; a result
// without samples, of an old file, is a line with its median.
func WriteBenchfmt(w io.Writer, results ...Result) error {
	out := benchfmt.NewWriter(w)
	for _, r := range results {
		if r.Status != OK {
			continue
		}
		samples := r.Times
		if len(samples) == 0 {
			samples = []float64{r.Seconds}
		}
		for _, s := range samples {
			if err := out.Write(r.record(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

// record is one sample of r.
func (r *Result) record(seconds float64) *benchfmt.Result {
	rec := &benchfmt.Result{
		Name:  benchfmt.Name(strings.ToUpper(r.Suite[:1]) + r.Suite[1:] + "/" + strings.ReplaceAll(r.Case, " ", "_")),
		Iters: 1,
		Values: []benchfmt.Value{
			{Value: seconds, Unit: "sec/op", OrigValue: seconds * 1e9, OrigUnit: "ns/op"},
			{Value: float64(r.Bytes) / seconds, Unit: "B/s"},
			{Value: float64(r.Flops) / seconds, Unit: "flop/s"},
		},
	}
	for _, c := range [][2]string{
		{"backend", r.Backend}, {"device", r.Device}, {"driver", r.Driver}, {"hebb", r.Version},
		{"date", r.Date.Format("2006-01-02")},
	} {
		if c[1] != "" {
			rec.Config = append(rec.Config, benchfmt.Config{Key: c[0], Value: []byte(c[1]), File: true})
		}
	}
	return rec
}
