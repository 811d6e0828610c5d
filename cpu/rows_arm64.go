package cpu

// No vectors are wider than those of [gradSumsVector] and [gradRowsVector].

func gradSumsWide(dbias, dgain, x, e, mean, inverse []float32, n, w int) int { return 0 }

func gradRowsWide(dx, x, e []float32, c *gradColumns, n, w int) int { return 0 }
