package dependence_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets/dependence"
)

// A parabola is not correlated with what it is of, and depends on it.
func ExampleHSIC() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	const m = 101
	x := dependence.Samples{Name: "x", Rows: m, Dims: 1}
	y := dependence.Samples{Name: "y", Rows: m, Dims: 1}
	for i := range m {
		v := float64(i)/50 - 1
		x.Values, y.Values = append(x.Values, v), append(y.Values, v*v)
	}
	gaussian := dependence.Kernel{Kind: compute.Gaussian} // of the median width
	r, err := dependence.HSIC(context.Background(), dev, x, y, dependence.Options{X: gaussian, Y: gaussian, Permutations: 199, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	cka, err := dependence.LinearCKA(context.Background(), dev, x, y)
	if err != nil {
		log.Fatal(err)
	}
	v := r.Widths[0]
	fmt.Printf("linear CKA %.3f\n", math.Abs(cka))
	fmt.Printf("σ %.2f and %.2f: normalised %.3f, p = %.3f\n", v.SigmaX, v.SigmaY, v.Normalised, v.P)
	// Output:
	// linear CKA 0.000
	// σ 0.60 and 0.29: normalised 0.325, p = 0.005
}
