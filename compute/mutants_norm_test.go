package compute_test

import (
	"math"
	"slices"

	"hebb/compute"
)

func normMutants() []mutant {
	type S = compute.Standardize
	type G = compute.StandardizeGrad
	factor := func(t *compute.Tensor, f float32) {
		for j := range data(t) {
			data(t)[j] *= f
		}
	}
	return []mutant{
		spoil("n−1 for n", func(s S) {
			if rows, _ := s.Dims(); rows > 1 {
				factor(s.Var, float32(rows)/float32(rows-1))
			}
		}),
		spoil("n for n−1 in the running variance", func(s S) {
			if rows, _ := s.Dims(); s.RunVar != nil && s.Momentum == 1 {
				factor(s.RunVar, float32(rows-1)/float32(rows))
			}
		}),
		spoil("variance in a single pass", func(s S) {
			rows, cols := s.Dims()
			for j := range cols {
				var squares float32
				for i := range rows {
					squares += data(s.X)[i*cols+j] * data(s.X)[i*cols+j]
				}
				m := data(s.Mean)[j]
				data(s.Var)[j] = squares/float32(rows) - m*m
			}
		}),
		spoil("a row lost of the mean", func(s S) {
			rows, cols := s.Dims()
			for j := range cols {
				data(s.Mean)[j] -= data(s.X)[(rows-1)*cols+j] / float32(rows)
			}
		}),
		spoil("a row lost of the mean of thousands", func(s S) {
			rows, cols := s.Dims()
			for j := 0; j < cols && rows > 1000; j++ {
				data(s.Mean)[j] -= data(s.X)[j] / float32(rows)
			}
		}),
		spoil("a row lost of the variance of thousands", func(s S) {
			rows, cols := s.Dims()
			for j := 0; j < cols && rows > 1000; j++ {
				d := data(s.X)[j] - data(s.Mean)[j]
				data(s.Var)[j] -= d * d / float32(rows)
			}
		}),
		spoil("the mean of the first member", func(s S) {
			for i := range data(s.Mean) {
				data(s.Mean)[i] = data(s.Mean)[i%s.X.Cols()]
			}
		}),
		spoil("the statistics of the first member applied", func(s S) {
			_, cols := s.Dims()
			for i := range data(s.Y) {
				j := i % cols
				z := (data(s.X)[i] - data(s.Mean)[j]) * float32(1/math.Sqrt(float64(data(s.Var)[j]+s.Eps)))
				data(s.Y)[i] = plain().Act(s.Act, z*data(s.Gain)[j]+data(s.Bias)[j])
			}
		}),
		spoil("Eps outside the root", func(s S) {
			_, cols := s.Dims()
			for i := range data(s.Y) {
				j, sd := i%cols, math.Sqrt(float64(data(s.Var)[i%cols]))
				z := (data(s.X)[i] - data(s.Mean)[j]) / (float32(sd) + s.Eps)
				data(s.Y)[i] = plain().Act(s.Act, z*data(s.Gain)[j]+data(s.Bias)[j])
			}
		}),
		bend("no activation", func(s *S) { s.Act = compute.Identity }),
		bend("Gain for Bias", func(s *S) { s.Bias = s.Gain }),
		bend("Momentum of the old", func(s *S) { s.Momentum = 1 - s.Momentum }),
		bend("running statistics forgotten", func(s *S) { s.RunMean, s.RunVar = nil, nil }),
		bend("Eps forgotten", func(s *S) { s.Eps = 0 }),
		bend("running mean and variance exchanged", func(s *S) { s.RunMean, s.RunVar = s.RunVar, s.RunMean }),

		bend("no slope", func(g *G) { g.Act, g.Y = compute.Identity, nil }),
		bend("X for Y", func(g *G) {
			if g.Y != nil {
				g.Y = g.X
			}
		}),
		bend("DY for X", func(g *G) { g.X = g.DY }),
		bend("sums exchanged", func(g *G) { g.DGain, g.DBias = g.DBias, g.DGain }),
		bend("Mean for Gain", func(g *G) { g.Gain = g.Mean }),
		bend("Eps of another", func(g *G) { g.Eps *= 2 }),
		spoil("the sums of the first member", func(g G) {
			for i := range data(g.DBias) {
				data(g.DBias)[i] = data(g.DBias)[i%g.X.Cols()]
			}
		}),
		spoil("a row lost of DBias", func(g G) {
			rows, cols := g.Dims()
			for j := 0; j < cols && g.Y == nil; j++ {
				data(g.DBias)[j] -= data(g.DY)[(rows-1)*cols+j]
			}
		}),
		spoil("a row lost of thousands", func(g G) {
			rows, cols := g.Dims()
			for j := 0; j < cols && g.Y == nil && rows > 1000; j++ {
				data(g.DBias)[j] -= data(g.DY)[j]
			}
		}),
		spoil("a row lost of DGain", func(g G) {
			rows, cols := g.Dims()
			for j := 0; j < cols && g.Y == nil; j++ {
				i := (rows-1)*cols + j
				data(g.DGain)[j] -= data(g.DY)[i] * (data(g.X)[i] - data(g.Mean)[j]) * scaleOf(data(g.Var)[j], g.Eps)
			}
		}),
		spoil("the mean delta left in", func(g G) {
			rows, cols := g.Dims()
			for i := range data(g.DX) {
				j := i % cols
				data(g.DX)[i] += data(g.Gain)[j] * scaleOf(data(g.Var)[j], g.Eps) * data(g.DBias)[j] / float32(rows)
			}
		}),
		spoil("the correlation left in", func(g G) {
			rows, cols := g.Dims()
			for i := range data(g.DX) {
				j := i % cols
				scale := scaleOf(data(g.Var)[j], g.Eps)
				xhat := (data(g.X)[i] - data(g.Mean)[j]) * scale
				data(g.DX)[i] += data(g.Gain)[j] * scale * xhat * data(g.DGain)[j] / float32(rows)
			}
		}),
	}
}

// scaleOf is 1/√(v + eps).
func scaleOf(v, eps float32) float32 { return float32(1 / math.Sqrt(float64(v+eps))) }

func lossMutants() []mutant {
	type S = compute.SoftmaxLoss
	rows := func(name string, f func(s S, i int, z []float32, label int)) mutant {
		return spoil(name, func(s S) {
			n, classes := s.Dims()
			for i := range n {
				label := -1
				if l := float64(data(s.Labels)[i]); l == math.Trunc(l) && l >= 0 && l < float64(classes) {
					label = int(l)
				}
				f(s, i, data(s.Logits)[i*classes:][:classes], label)
			}
		})
	}
	return []mutant{
		rows("the largest not taken off", func(s S, i int, z []float32, label int) {
			var total float32
			for _, v := range z {
				total += float32(math.Exp(float64(v)))
			}
			if label >= 0 {
				data(s.Loss)[i] = float32(math.Log(float64(total))) - z[label]
			}
		}),
		rows("the last of the largest is hit", func(s S, i int, z []float32, label int) {
			top := 0
			for j, v := range z {
				if v >= z[top] {
					top = j
				}
			}
			if data(s.Hit)[i] = 0; label == top {
				data(s.Hit)[i] = 1
			}
		}),
		rows("a class lost of the sum", func(s S, i int, z []float32, _ int) {
			var total, top float64 = 0, math.Inf(-1)
			for _, v := range z {
				top = math.Max(top, float64(v))
			}
			for _, v := range z {
				total += math.Exp(float64(v) - top)
			}
			rest := total - math.Exp(float64(z[len(z)-1])-top)
			data(s.Loss)[i] += float32(math.Log(rest / total))
		}),
		rows("a stray label taken for the nearest", func(s S, i int, z []float32, label int) {
			if l := data(s.Labels)[i]; label < 0 {
				data(s.Loss)[i] -= z[int(min(max(l, 0), float32(len(z)-1)))]
			}
		}),
		rows("the label not taken off", func(s S, i int, z []float32, label int) {
			if s.Delta != nil && label >= 0 {
				data(s.Delta)[i*len(z)+label] += s.Scale
			}
		}),
		rows("a fraction taken for its floor", func(s S, i int, z []float32, _ int) {
			if l := data(s.Labels)[i]; s.Delta != nil && l == 0.5 {
				data(s.Delta)[i*len(z)] -= s.Scale
			}
		}),
		rows("any of the largest is hit", func(s S, i int, z []float32, label int) {
			if label >= 0 && z[label] == slices.Max(z) {
				data(s.Hit)[i] = 1
			}
		}),
		{"the label before", S{}, around(func(run func(compute.Op), s S) {
			during(s.Labels, func(l []float32) {
				for i := range l {
					l[i]--
				}
			}, func() { run(s) })
		})},
		bend("no scale", func(s *S) { s.Scale = 1 }),
		bend("no Delta", func(s *S) { s.Delta = nil }),
	}
}

func randomMutants() []mutant {
	numbers := func(name string, f func(r compute.Random, out []float32)) mutant {
		return spoil(name, func(r compute.Random) { f(r, data(r.Out)) })
	}
	order := func(name string, of func(r compute.Random, k, n int) (seed uint64, i int)) mutant {
		return spoil(name, func(r compute.Random) {
			plain().Sequences(r, func(k, n int) (uint64, int) { return of(r, k, n) })
		})
	}
	return []mutant{
		bend("the stream ignored", func(r *compute.Random) { r.Stream = 0 }),
		bend("half of the stream", func(r *compute.Random) { r.Stream &= math.MaxUint32 }),
		bend("half of the seed", func(r *compute.Random) { r.Seed &= math.MaxUint32 }),
		bend("seed and stream exchanged", func(r *compute.Random) { r.Seed, r.Stream = r.Stream, r.Seed }),
		bend("the mean ignored", func(r *compute.Random) {
			if r.Law.Distribution == compute.NormalLaw {
				r.Law.A = 0
			}
		}),
		bend("mean and deviation ignored", func(r *compute.Random) { r.Law.A, r.Law.B = 0, 1 }),
		bend("a threshold that wraps", func(r *compute.Random) {
			if r.Law == compute.Bernoulli(1, r.Law.B) {
				r.Law.A = 0
			}
		}),
		bend("one part", func(r *compute.Random) { r.Seeds = 0 }),
		order("one seed for all parts", func(r compute.Random, k, n int) (uint64, int) { return r.Seed, k % n }),
		order("a counter that goes on in the next part", func(r compute.Random, k, n int) (uint64, int) { return r.Seed + uint64(k/n), k }),
		order("a counter that begins with a part's first block", func(r compute.Random, k, n int) (uint64, int) {
			return r.Seed + uint64(k/n), k - k/n*n/4*4
		}),
		order("seeds two apart", func(r compute.Random, k, n int) (uint64, int) { return r.Seed + 2*uint64(k/n), k % n }),
		order("no carry to the upper word of the seed", func(r compute.Random, k, n int) (uint64, int) {
			return r.Seed&^math.MaxUint32 | uint64(uint32(r.Seed)+uint32(k/n)), k % n
		}),
		order("a seed that stops at its largest", func(r compute.Random, k, n int) (uint64, int) {
			if part := uint64(k / n); part <= math.MaxUint64-r.Seed {
				return r.Seed + part, k % n
			}
			return math.MaxUint64, k % n
		}),
		numbers("sine for cosine", func(r compute.Random, out []float32) {
			for i := 0; i+1 < len(out) && r.Law.Distribution == compute.NormalLaw; i += 2 {
				out[i], out[i+1] = out[i+1], out[i]
			}
		}),
		numbers("words of a block in another order", func(_ compute.Random, out []float32) {
			for i := 0; i+3 < len(out); i += 4 {
				out[i], out[i+3] = out[i+3], out[i]
			}
		}),
		numbers("23 bits", func(r compute.Random, out []float32) {
			for i, x := range out {
				if r.Law == compute.Uniform(0, 1) {
					out[i] = float32(math.Floor(float64(x)*(1<<23)) / (1 << 23))
				}
			}
		}),
		numbers("an odd number at the end", func(r compute.Random, out []float32) {
			if n := len(out); n%2 == 1 && r.Law.Distribution == compute.NormalLaw {
				out[n-1] = r.Law.A
			}
		}),
		numbers("the first block again", func(_ compute.Random, out []float32) {
			for i := 4096; i < len(out); i++ {
				out[i] = out[i-4096]
			}
		}),
		numbers("a logarithm good to 2⁻²¹ alone", func(r compute.Random, out []float32) {
			for i := 0; i+1 < len(out) && r.Law == compute.Normal(0, 1); i += 2 {
				x, y := float64(out[i]), float64(out[i+1])
				if l := (x*x + y*y) / 2; l > 0 && l < math.Ln2 {
					wrong := math.Sqrt(1 + 0x1p-21/l)
					out[i], out[i+1] = float32(x*wrong), float32(y*wrong)
				}
			}
		}),
	}
}

func gatherMutants() []mutant {
	type G = compute.Gather
	// by gathers again, the rows that f names; −1 is none.
	by := func(name string, f func(g G, z, i int, row float64) int) mutant {
		return spoil(name, func(g G) {
			batch, m, n, cols := g.Dims()
			for i := range batch * m {
				to := data(g.Out)[i*cols:][:cols]
				clear(to)
				if r := f(g, i/m, i%m, float64(data(g.Rows)[i%g.Rows.Len()])); r >= 0 {
					copy(to, data(g.X)[(i/m%g.X.Batch()*n+r)*cols:])
				}
			}
		})
	}
	rowOf := func(g G, row float64) int {
		if row >= 0 && row < float64(g.X.Rows()) && row == math.Trunc(row) {
			return int(row)
		}
		return -1
	}
	return []mutant{
		by("the next row", func(g G, _, _ int, row float64) int { return min(rowOf(g, row)+1, g.X.Rows()-1) }),
		by("the rows in order", func(g G, _, i int, _ float64) int { return i % g.X.Rows() }),
		by("the first member's rows", func(g G, _, i int, _ float64) int { return rowOf(g, float64(data(g.Rows)[i])) }),
		by("a number that is held within the rows", func(g G, _, _ int, row float64) int {
			if row != row || row != math.Trunc(row) {
				return -1
			}
			return int(max(0, min(row, float64(g.X.Rows()-1))))
		}),
		by("a number that goes round", func(g G, _, _ int, row float64) int {
			if row == float64(g.X.Rows()) {
				return 0
			}
			return rowOf(g, row)
		}),
		by("a fraction cut off", func(g G, _, _ int, row float64) int { return rowOf(g, math.Floor(row)) }),
		by("no row for −0", func(g G, _, _ int, row float64) int {
			if math.Signbit(row) {
				return -1
			}
			return rowOf(g, row)
		}),
		bend("the first X for all members", func(g *G) {
			if v, err := g.X.View(0, g.X.Rows(), g.X.Cols()); err == nil {
				g.X = v
			}
		}),
	}
}

func resampleMutants() []mutant {
	type R = compute.Resample
	rows := func(name string, f func(r R, out, w []float32, start float32)) mutant {
		return spoil(name, func(r R) {
			all, n := r.Dims()
			for z := range all {
				f(r, data(r.Out)[z*n:][:n], data(r.Weights)[z*n:][:n], data(r.Start)[z])
			}
		})
	}
	// with parents at the places that f names, of edges.
	at := func(name string, f func(r R, i int, u float64, w []float32, total float64) float64) mutant {
		return rows(name, func(r R, out, w []float32, start float32) {
			total := 0.0
			for _, x := range w {
				total += float64(max(x, 0))
			}
			if !(total > 0 && total < 1e30) {
				return
			}
			for i := range out {
				place, c, j := f(r, i, r.Cut(start), w, total), 0.0, 0
				for c = float64(max(w[0], 0)); j < len(w)-1 && !(c*float64(len(w)) > place); c += float64(max(w[j], 0)) {
					j++
				}
				out[i] = float32(j)
			}
		})
	}
	return []mutant{
		at("no start", func(_ R, i int, _ float64, _ []float32, total float64) float64 { return float64(i) * total }),
		at("a start for all rows", func(r R, i int, _ float64, _ []float32, total float64) float64 {
			return (float64(i) + r.Cut(data(r.Start)[0])) * total
		}),
		at("weights that sum up to 1", func(_ R, i int, u float64, _ []float32, _ float64) float64 { return float64(i) + u }),
		at("backwards", func(_ R, i int, u float64, w []float32, total float64) float64 {
			return (float64(len(w)-1-i) + u) * total
		}),
		at("the middle of each", func(_ R, i int, _ float64, _ []float32, total float64) float64 { return (float64(i) + 0.5) * total }),
		rows("the edge before", func(_ R, out, _ []float32, _ float32) {
			for i, x := range out {
				out[i] = max(x-1, -1)
			}
		}),
		rows("beyond the last", func(_ R, out, w []float32, _ float32) {
			for i, x := range out {
				if x == float32(len(w)-1) {
					out[i]++
				}
			}
		}),
		rows("none for rows without weight", func(_ R, out, _ []float32, _ float32) {
			if out[0] == -1 {
				clear(out)
			}
		}),
		rows("particles in order", func(_ R, out, _ []float32, _ float32) {
			for i := range out {
				out[i] = float32(i)
			}
		}),
	}
}
