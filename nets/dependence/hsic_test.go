package dependence_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets/data"
	"hebb/nets/dependence"
)

// checked is a device on which every op is compared with its definition, element by element.
func checked(t testing.TB) *compute.Device {
	t.Helper()
	b := must.Get(cpu.Open())(t)
	dev := compute.New(compute.Verify(b, 0))
	t.Cleanup(func() { dev.Close() })
	return dev
}

// A vector is what testdata/hsic_vectors.py found.
type vector struct {
	Name       string
	X, Y       string
	SigmaX     float64 `json:"sigma_x"`
	SigmaY     float64 `json:"sigma_y"`
	HSIC       float64
	HSICX      float64 `json:"hsic_x"`
	HSICY      float64 `json:"hsic_y"`
	Normalised float64
	PHSIC      float64
	NHSIC      [2]float64 // for ε of 2⁻⁶ and 10⁻⁵
}

func vectors(t *testing.T) (all []vector) {
	t.Helper()
	raw := must.Get(os.ReadFile(filepath.Join("testdata", "hsic.json")))(t)
	must.Do(t, json.Unmarshal(raw, &all))
	return all
}

func saved(t *testing.T, name string) dependence.Samples {
	t.Helper()
	a := must.Get(data.ReadArray(filepath.Join("testdata", "samples.npz:"+name)))(t)
	rows, cols := a.Rows()
	return dependence.Samples{Name: name, Rows: rows, Dims: cols, Values: a.Values}
}

func kernel(name string, σ ...float64) dependence.Kernel {
	switch name {
	case "linear":
		return dependence.Kernel{}
	case "cosine":
		return dependence.Kernel{Kind: compute.Cosine}
	}
	return dependence.Kernel{Kind: compute.Gaussian, Sigma: σ}
}

const ulp = 0x1p-23

// A doubt is what float32 leaves open of one kernel matrix.
type doubt struct {
	entry float64 // how far an entry may be off, as compute.Gram has it
	norm  float64 // ‖H·K·H‖
	rows  float64 // how far a mean of a row may be off
	sd    float64 // of the means of the rows
	mean  float64 // of all
}

func doubtOf(s dependence.Samples, k dependence.Kernel, self float64) doubt {
	mean, far, sd := make([]float64, s.Dims), 0.0, 0.0
	for i, v := range s.Values {
		mean[i%s.Dims] += v / float64(s.Rows)
	}
	sum, square := 0.0, 0.0
	for i := range s.Rows {
		xx, xm := 0.0, 0.0
		for j, v := range s.Values[i*s.Dims:][:s.Dims] {
			xx += (v - mean[j]) * (v - mean[j])
			xm += v * mean[j]
		}
		far = max(far, xx)
		sum += xm / float64(s.Rows)
		square += xm * xm / float64(s.Rows)
	}
	d, m := float64(s.Dims), float64(s.Rows)
	of := doubt{norm: (m - 1) * math.Sqrt(self)}
	switch k.Kind {
	case compute.Linear: // the means are float64s
		sd = math.Sqrt(max(0, square-sum*sum))
		return doubt{entry: (d + 5) * ulp * far, norm: of.norm, sd: sd, mean: sum}
	case compute.Cosine:
		of.entry = (2*d + 16) * ulp
	default: // that of the distance, and of exp: e⁻ˣ·(3+2x) ≤ 3
		of.entry = ulp * (6 + slices.Max(between(s, k.Sigma[0]))*(d+5)*2*far/k.Sigma[0]/k.Sigma[0])
	}
	of.entry += 4 * ulp // what is taken out of it
	of.rows, of.sd, of.mean = of.entry+(m+2)*ulp, 1, 1
	return of
}

// between are the Gaussian kernel's entries below the diagonal.
func between(s dependence.Samples, σ float64) (all []float64) {
	for i := range s.Rows {
		for j := range i {
			dd := 0.0
			for c := range s.Dims {
				diff := s.Values[i*s.Dims+c] - s.Values[j*s.Dims+c]
				dd += diff * diff
			}
			all = append(all, math.Exp(-dd/(2*σ*σ)))
		}
	}
	return all
}

// trace is how far tr(K·H·L·H) may be off.
func trace(m float64, k, l doubt) float64 {
	return m*(k.entry*l.norm+l.entry*k.norm+m*k.entry*l.entry) + (m+3)*ulp*k.norm*l.norm
}

// bounds are how far HSIC may be off, of the two and of each with itself.
func bounds(m float64, k, l doubt) (ab, aa, bb float64) {
	pairs := (m - 1) * (m - 1)
	return trace(m, k, l) / pairs, trace(m, k, k) / pairs, trace(m, l, l) / pairs
}

// shareOf is how far normalised HSIC may be off: twice what it is to first order.
func shareOf(x, y, normalised, ab, aa, bb float64) float64 {
	return ab/math.Sqrt(x*y) + normalised*(aa/x+bb/y)
}

func (v vector) compare(t *testing.T, x, y dependence.Samples, got dependence.Value) {
	t.Helper()
	k, l := doubtOf(x, kernel(v.X, v.SigmaX), v.HSICX), doubtOf(y, kernel(v.Y, v.SigmaY), v.HSICY)
	ab, aa, bb := bounds(float64(x.Rows), k, l)
	share := shareOf(v.HSICX, v.HSICY, v.Normalised, ab, aa, bb)
	for _, c := range []struct {
		what             string
		got, want, bound float64
	}{
		{"HSIC", got.HSIC, v.HSIC, ab}, {"of X", got.HSICX, v.HSICX, aa}, {"of Y", got.HSICY, v.HSICY, bb},
		{"normalised", got.Normalised, v.Normalised, share},
		{"pHSIC", got.PHSIC, v.PHSIC, ab + 2*(k.rows*l.sd+l.rows*k.sd) + 0x1p-48*k.mean*l.mean}, // the last is numpy's
	} {
		if c.bound > 0.05*math.Abs(c.want)+0.005*math.Sqrt(v.HSICX*v.HSICY) && c.what != "pHSIC" {
			t.Errorf("%v: %s is bounded by %g only, of %g", v, c.what, c.bound, c.want)
		}
		if !(math.Abs(c.got-c.want) <= c.bound) {
			t.Errorf("%v: %s is %.9g, want %.9g ± %.2g", v, c.what, c.got, c.want, c.bound)
		}
	}
}

// TestHSIC compares with numpy in float64, which writes all matrices out.
func TestHSIC(t *testing.T) {
	dev := checked(t)
	for _, v := range vectors(t) {
		x, y := saved(t, v.Name+"_x"), saved(t, v.Name+"_y")
		r, err := dependence.HSIC(t.Context(), dev, x, y, dependence.Options{X: kernel(v.X, v.SigmaX), Y: kernel(v.Y, v.SigmaY)})
		if err != nil {
			t.Errorf("%v: %v", v, err)
			continue
		}
		if r.Rows != x.Rows || len(r.Widths) != 1 || r.Widths[0].SigmaX != v.SigmaX || r.Widths[0].SigmaY != v.SigmaY {
			t.Errorf("%v: %+v", v, r)
		}
		v.compare(t, x, y, r.Widths[0])
	}
}
