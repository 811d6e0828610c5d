// Command hebb verifies, benchmarks and runs Hebbian learning on a GPU or a CPU.
package main

import "hebb/cmd/cli"

func main() { cli.Main() }
