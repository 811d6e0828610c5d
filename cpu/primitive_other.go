//go:build !amd64 && !arm64

package cpu

func addVector(dst, a, b []float32) int { return 0 }

func subVector(dst, a, b []float32) int { return 0 }

func timesVector(dst, a, b []float32) int { return 0 }

func divVector(dst, a, b []float32) int { return 0 }

func largerVector(dst, a, b []float32) int { return 0 }

func smallerVector(dst, a, b []float32) int { return 0 }

func sqrtVector(dst, a []float32) int { return 0 }

func negVector(dst, a []float32) int { return 0 }

func chooseVector(dst, c, a, b []float32) int { return 0 }

func logVector(dst, a []float32) int { return 0 }

func giveVector(dst, rest, x, top []float32) int { return 0 }

func scaleVector(dst, a []float32, k float32) int { return 0 }

func shiftVector(dst, a []float32, k float32) int { return 0 }

func sumVector(x []float32) (sum float32, n int) { return 0, 0 }

func largestVector(x []float32) (largest float32, n int) { return 0, 0 }

func plusVector(dst, a []float32, k float32) int { return 0 }

func slopesVector(p, k, l, r []float32, f *slopeFactors) int { return 0 }

func runSumsVector(out, x []float32, n int) int { return 0 }

func spreadVector(dst, src []float32, cols int) int { return 0 }

func fillVector(dst []float32, x float32) int { return 0 }

func affineVector(dst, x, y []float32, a, b float32) int { return 0 }
