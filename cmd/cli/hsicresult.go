package cli

import (
	"context"
	"fmt"
	"io"
	"math"

	"hebb/compute"
	"hebb/nets/dependence"
)

// measured is what hebb hsic prints.
type measured struct {
	A            arrayShape   `json:"a"`
	B            arrayShape   `json:"b"`
	Kernels      [2]string    `json:"kernels"`
	PerDim       bool         `json:"per_dim,omitempty"` // sigmas are in units of √dims
	Widths       []widthPair  `json:"widths"`
	LinearCKA    number       `json:"linear_cka"`
	Eps          float64      `json:"eps,omitempty"`
	Permutations int          `json:"permutations,omitempty"`
	Seed         uint64       `json:"seed"`
	Device       compute.Info `json:"device"`
	Ranks        int          `json:"ranks,omitempty"` // processes that measured together
	ranks        string       // and where
	warnings     []string
}

type arrayShape struct {
	File string `json:"file"`
	Rows int    `json:"rows"`
	Dims int    `json:"dims"`
}

func shapeOf(s dependence.Samples) arrayShape { return arrayShape{s.Name, s.Rows, s.Dims} }

// A widthPair is what is measured with one pair of kernels. What was not asked for is nil.
type widthPair struct {
	SigmaA     float64  `json:"sigma_a,omitempty"`
	SigmaB     float64  `json:"sigma_b,omitempty"`
	HSIC       number   `json:"hsic"` // biased
	HSICA      number   `json:"hsic_a"`
	HSICB      number   `json:"hsic_b"`
	Normalised number   `json:"normalised"`
	PHSIC      number   `json:"phsic"`
	NHSIC      *float64 `json:"nhsic,omitempty"`
	P          *float64 `json:"p,omitempty"`
	Null       *number  `json:"null,omitempty"`    // mean of HSIC under permutations
	NullSD     *number  `json:"null_sd,omitempty"` // and its standard deviation
}

// A number may be NaN or infinite, which JSON has as null.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, "%.17g", float64(n)), nil
}

func (m *measured) measure(ctx context.Context, dev *compute.Device, s [2]dependence.Samples, o dependence.Options, stderr io.Writer) error {
	bar := newProgress(stderr, "permutations", max(1, o.Permutations))
	o.Progress = bar.at
	r, err := dependence.HSIC(ctx, dev, s[0], s[1], o)
	bar.end()
	if err != nil {
		return err
	}
	m.warnings = r.Warnings
	for _, v := range r.Widths {
		w := widthPair{SigmaA: v.SigmaX, SigmaB: v.SigmaY, HSIC: number(v.HSIC), HSICA: number(v.HSICX), HSICB: number(v.HSICY),
			Normalised: number(v.Normalised), PHSIC: number(v.PHSIC)}
		if o.Permutations > 0 {
			null, sd := number(v.Null), number(v.NullSD)
			w.P, w.Null, w.NullSD = &v.P, &null, &sd
		}
		m.Widths = append(m.Widths, w)
	}
	if o.X.Kind == compute.Linear && o.Y.Kind == compute.Linear {
		m.LinearCKA = m.Widths[0].Normalised
		return nil
	}
	if r, err = dependence.HSIC(ctx, dev, s[0], s[1], dependence.Options{World: o.World}); err != nil {
		return err
	}
	m.LinearCKA = number(r.Widths[0].Normalised)
	return nil
}

func (m *measured) normalise(ctx context.Context, dev *compute.Device, s [2]dependence.Samples, o dependence.Options, eps float64) error {
	all, err := dependence.NormalisedHSIC(ctx, dev, s[0], s[1], o, eps)
	m.Eps = eps
	for i := range all {
		m.Widths[i].NHSIC = &all[i]
	}
	return err
}

func (m *measured) print(w io.Writer) error {
	for i, a := range []arrayShape{m.A, m.B} {
		fmt.Fprintf(w, "%c           %s, %d×%d, %s kernel", 'A'+i, a.File, a.Rows, a.Dims, m.Kernels[i])
		if m.PerDim && m.Kernels[i] == compute.Gaussian.String() {
			fmt.Fprintf(w, ", widths in units of √%d", a.Dims)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "device      %s\n", m.Device)
	if m.ranks != "" {
		fmt.Fprintf(w, "ranks       %s\n", m.ranks)
	}
	fmt.Fprintf(w, "linear CKA  %s\n\n", share(float64(m.LinearCKA)))
	t := grid{head: []string{"σ of A", "σ of B", "HSIC", "normalised", "pHSIC"}}
	if m.Eps > 0 {
		t.head = append(t.head, "nHSIC")
	}
	if m.Permutations > 0 {
		t.head = append(t.head, "when permuted", "p")
	}
	for _, v := range m.Widths {
		row := []string{width(v.SigmaA), width(v.SigmaB), fmt.Sprintf("%.6g", v.HSIC), share(float64(v.Normalised)), fmt.Sprintf("%.6g", v.PHSIC)}
		if v.NHSIC != nil {
			row = append(row, fmt.Sprintf("%.4g", *v.NHSIC))
		}
		if v.P != nil {
			row = append(row, fmt.Sprintf("%.3g ± %.2g", *v.Null, *v.NullSD), fmt.Sprintf("%.4g", *v.P))
		}
		t.rows = append(t.rows, row)
	}
	if err := t.text(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nHSIC is the biased estimate tr(K·H·L·H)/(m−1)²; of independent samples it has a mean of order 1/m, m = %d.\n", m.A.Rows)
	return err
}

func width(σ float64) string {
	if σ == 0 {
		return "–"
	}
	return fmt.Sprintf("%.4g", σ)
}

// share is a number from 0 to 1, or "–" where there is none.
func share(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return fmt.Sprintf("%.5f", x)
}
