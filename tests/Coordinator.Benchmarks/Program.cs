using BenchmarkDotNet.Running;

// In this process: a generated project would inherit the repository's build properties, and what is measured here is
// dominated by the database anyway. The in-process toolchain does not await a set-up or clean-up: those block.
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run([.. args, "--inProcess"]);
