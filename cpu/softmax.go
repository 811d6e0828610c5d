package cpu

import (
	"math"
	"slices"

	"hebb/compute"
)

func softmaxLoss(s compute.SoftmaxLoss) {
	n, classes := s.Dims()
	chunks(n, max(1, 1<<13/classes), func(lo, hi int) { softmaxRows(s, lo, hi) })
}

// softmaxRows does rows lo … hi of the logits.
func softmaxRows(s compute.SoftmaxLoss, lo, hi int) {
	_, classes := s.Dims()
	logits, labels := values(s.Logits), values(s.Labels)
	loss, hit := values(s.Loss), values(s.Hit)
	var delta []float32
	if s.Delta != nil {
		delta = values(s.Delta)
	}
	scratch := borrow(classes)
	defer giveBack(scratch)
	for i := lo; i < hi; i++ {
		e := *scratch
		if delta != nil {
			e = delta[i*classes:][:classes]
		}
		loss[i], hit[i] = softmaxRow(e, logits[i*classes:][:classes], labels[i], s.Scale)
	}
}

// softmaxRow returns the loss of a row of logits z and whether it hits its label, and stores its delta in d.
func softmaxRow(d, z []float32, label, scaling float32) (loss, hit float32) {
	top := largest(z)
	shift(d, z, -top)
	exp(d, d)
	all := float64(sum(d))
	loss = float32(math.Log(all) + float64(top))
	own := -1
	if label >= 0 && label < float32(len(z)) && label == float32(int(label)) {
		own = int(label)
		loss = float32(math.Log(all) + (float64(top) - float64(z[own])))
		if z[own] == top && slices.Index(z, top) == own {
			hit = 1
		}
	}
	k := float32(1 / all)
	scale(d, d, k)
	if own >= 0 {
		d[own]--
	}
	scale(d, d, scaling)
	return loss, hit
}
