//go:build !amd64 && !arm64

package cpu

func addRowsVector(dst, x []float32) int { return 0 }

func addSquaresVector(dst, x, mean []float32) int { return 0 }

func standardRowsVector(y, x []float32, c *standardColumns, w int) int { return 0 }

func gradSumsVector(dbias, dgain, x, e, mean, inverse []float32) int { return 0 }

func gradRowsVector(dx, x, e []float32, c *gradColumns, w int) int { return 0 }
