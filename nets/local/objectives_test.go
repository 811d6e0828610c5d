package local_test

import (
	"math"
	"slices"
	"strconv"

	"hebb/nets/internal/lab"
	"hebb/nets/local"
)

func average(x []float64) float64 { return lab.Dot(x, ones(len(x))) / float64(len(x)) }

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

func less(x []float64, c float64) []float64 {
	y := slices.Clone(x)
	for i := range y {
		y[i] -= c
	}
	return y
}

func gaussians(x [][]float64, sigma float64) matrix {
	return table(len(x), func(i, j int) float64 {
		d := 0.0
		for k := range x[i] {
			d += (x[i][k] - x[j][k]) * (x[i][k] - x[j][k])
		}
		return math.Exp(-d / (2 * sigma * sigma))
	})
}

func cosines(x [][]float64) matrix {
	return table(len(x), func(i, j int) float64 {
		return lab.Dot(x[i], x[j]) / math.Sqrt(lab.Dot(x[i], x[i])*lab.Dot(x[j], x[j]))
	})
}

func (s scene) oneHot() (y [][]float64) {
	for _, c := range s.classes {
		row := make([]float64, s.of)
		row[c] = 1
		y = append(y, row)
	}
	return y
}

func centredRows(x [][]float64) (y [][]float64) {
	for _, r := range x {
		y = append(y, less(r, average(r)))
	}
	return y
}

// hsicOf is mean_ij of K without its means times L.
func hsicOf(k, l matrix, biased bool) (h float64) {
	m := len(k)
	rows, all := make([]float64, m), 0.0
	for i := range k {
		rows[i] = average(k[i])
		all += rows[i] / float64(m)
	}
	for i := range k {
		for j := range k {
			c := k[i][j] - all
			if biased {
				c = k[i][j] - rows[i] - rows[j] + all
			}
			h += c * l[i][j] / float64(m*m)
		}
	}
	return h
}

// activities are the variances of groups to a power.
func (s scene) activities(groups int, power, delta float64) (u [][]float64) {
	for _, z := range s.z {
		channels := len(z) / s.places
		each := channels / groups
		row := make([]float64, groups)
		for g := range groups {
			var of []float64
			for p := range s.places {
				of = append(of, z[p*channels+g*each:][:each]...)
			}
			c := less(of, average(of))
			row[g] = math.Pow((lab.Dot(c, c)+delta)/float64(len(c)), power)
		}
		u = append(u, row)
	}
	return u
}

func phsicObjective(r local.PHSIC, s scene) float64 {
	z := s.z
	if r.Groups > 0 {
		z = centredRows(s.activities(r.Groups, float64(r.Power), float64(r.Delta)))
	}
	var k matrix
	switch r.Kernel {
	case "gaussian":
		k = gaussians(z, float64(r.Sigma))
	case "cosine":
		k = cosines(z)
	default:
		k = table(len(z), func(i, j int) float64 { return lab.Dot(z[i], z[j]) })
	}
	y := cosines(centredRows(s.oneHot()))
	return hsicOf(k, k, r.Biased) - float64(r.Gamma)*hsicOf(y, k, r.Biased)
}

func bottleneckObjective(r local.HSICBottleneck, s scene) (j float64) {
	widths, err := r.Sigma.Values()
	if err != nil {
		panic(err)
	}
	if s.branch >= 0 && len(widths) > 1 {
		widths = widths[s.branch:][:1]
	}
	for _, sigma := range widths {
		of := func(x [][]float64) matrix {
			return normalised(gaussians(x, float64(sigma)*math.Sqrt(float64(len(x[0])))), float64(r.Eps))
		}
		z, x, y := of(s.z), of(s.x), of(s.oneHot())
		for i := range z {
			for k := range z {
				j += z[i][k] * (x[k][i] - float64(r.Lambda)*y[k][i]) / float64(len(widths))
			}
		}
	}
	return j
}

// normalised is K·H·(K·H + eps·m·I)⁻¹, centred on one side alone, as the authors' code has it.
func normalised(k matrix, eps float64) matrix {
	m := len(k)
	centred := table(m, func(i, j int) float64 { return k[i][j] - average(k[i]) })
	shifted := table(m, func(i, j int) float64 {
		if i == j {
			return centred[i][j] + eps*float64(m)
		}
		return centred[i][j]
	})
	inverse := inverted(shifted)
	return table(m, func(i, j int) (s float64) {
		for k := range m {
			s += centred[i][k] * inverse[k][j]
		}
		return s
	})
}

func errorObjective(r local.LocalError, s scene) (j float64) {
	m := float64(len(s.z))
	channels := len(s.z[0]) / s.places
	pooled := s.pooled(r.Decoder)
	if r.Beta < 1 && !r.Bio {
		v, c := s.own["decoder.weight"], s.own["decoder.bias"]
		for i, h := range pooled {
			logits, total := make([]float64, s.of), 0.0
			for k := range logits {
				logits[k] = c[k] + lab.Dot(v[k*len(h):][:len(h)], h)
				total += math.Exp(logits[k])
			}
			j += (1 - float64(r.Beta)) * (math.Log(total) - logits[s.classes[i]]) / m
		}
	}
	if r.Beta == 0 {
		return j
	}
	g, target := pooled, s.oneHot()
	if r.Bio {
		p := s.own["projection.weight"]
		for i, c := range s.classes {
			target[i] = make([]float64, len(p)/s.of)
			for k := range target[i] {
				target[i][k] = p[k*s.of+c]
			}
		}
	} else {
		g = s.throughG()
	}
	if places := len(g[0]) / channels; places > 1 && channels > 3 && !r.NoStd {
		for i, row := range g {
			g[i] = deviationsOf(row, places)
		}
	}
	a, b := cosines(centredRows(g)), cosines(centredRows(target))
	for i := range a {
		for k := range a {
			j += float64(r.Beta) * (a[i][k] - b[i][k]) * (a[i][k] - b[i][k]) / (m * m)
		}
	}
	return j
}

// deviationsOf are the standard deviations of the channels of an image.
func deviationsOf(row []float64, places int) []float64 {
	channels := len(row) / places
	out := make([]float64, channels)
	for c := range out {
		x := make([]float64, places)
		for p := range x {
			x[p] = row[p*channels+c]
		}
		x = less(x, average(x))
		out[c] = math.Sqrt(lab.Dot(x, x) / float64(places-1))
	}
	return out
}

// throughG is G·h, of images of 4×4 or 2×2 a convolution.
func (s scene) throughG() (out [][]float64) {
	g := s.own["similarity.weight"]
	channels, side := len(s.z[0])/s.places, int(math.Sqrt(float64(s.places)))
	for _, h := range s.z {
		row := make([]float64, len(h))
		for at := range row {
			p, u := at/channels, at%channels
			if s.places == 1 {
				row[at] = lab.Dot(g[u*channels:][:channels], h)
				continue
			}
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					y, x := p/side+dy, p%side+dx
					if y >= 0 && y < side && x >= 0 && x < side {
						row[at] += lab.Dot(g[((u*3+dy+1)*3+dx+1)*channels:][:channels], h[(y*side+x)*channels:][:channels])
					}
				}
			}
		}
		out = append(out, row)
	}
	return out
}

// pooled is the output, images averaged over windows that double until they are few enough.
func (s scene) pooled(most int) (out [][]float64) {
	side, channels := int(math.Sqrt(float64(s.places))), len(s.z[0])/s.places
	window := 1
	for most > 0 && window < side && (side/window)*(side/window)*channels > most {
		window *= 2
	}
	n := side / window
	for _, z := range s.z {
		row := make([]float64, n*n*channels)
		for p := range s.places {
			to := p / side / window * n * channels
			to += p % side / window * channels
			for c := range channels {
				row[to+c] += z[p*channels+c] / float64(window*window)
			}
		}
		out = append(out, row)
	}
	return out
}

// bioPrediction is what pred of Bio descends: the decoder, by the cross-entropy of the bits of y·P; and what is below
// it, by errors that it is sent through fixed weights F and that are not its to change, Σ_i e_i·(F·h_i). What a block
// saw first stays: the errors, and the h of the decoder.
func bioPrediction(r local.LocalError) objective {
	type memory struct {
		h, errors [][]float64
	}
	known := map[[2]string]memory{}
	return objective{r, func(s scene) (j float64) {
		h, v, c, p, f := s.pooled(r.Decoder), s.own["decoder.weight"], s.own["decoder.bias"], s.own["projection.weight"], s.own["decoder.feedback"]
		scale := (1 - float64(r.Beta)) / float64(len(h)*len(c))
		bit := func(i, k int) float64 {
			if p[k*s.of+s.classes[i]] > 0 {
				return 1
			}
			return 0
		}
		z := func(h []float64, k int) float64 { return c[k] + lab.Dot(v[k*len(h):][:len(h)], h) }
		key := [2]string{s.block, strconv.Itoa(len(s.z[0]))} // of one network or another
		first, ok := known[key]
		if !ok {
			first.h = h
			for i := range h {
				e := make([]float64, len(c))
				for k := range e {
					e[k] = scale * (1/(1+math.Exp(-z(h[i], k))) - bit(i, k))
				}
				first.errors = append(first.errors, e)
			}
			known[key] = first
		}
		for i := range h {
			for k := range c {
				a := z(first.h[i], k)
				j += scale * (math.Log1p(math.Exp(a)) - bit(i, k)*a)
				j += first.errors[i][k] * lab.Dot(f[k*len(h[i]):][:len(h[i])], h[i])
			}
		}
		if r.Beta > 0 {
			j += errorObjective(local.LocalError{Beta: r.Beta, Decoder: r.Decoder, Bio: true, Targets: r.Targets}, s)
		}
		return j
	}}
}
