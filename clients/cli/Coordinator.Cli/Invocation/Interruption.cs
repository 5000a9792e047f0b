using System.Runtime.InteropServices;

namespace Coordinator.Cli.Invocation;

/// <summary>
/// Turns the first SIGINT or SIGTERM into a cancellation, so that a command ends its calls and says so with its exit code. A second
/// signal is left to the runtime, which ends the process: somebody who presses Ctrl-C twice means it.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _exitCode;

    public Interruption() =>
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Interrupt(signal, Invocation.ExitCode.Interrupted)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Interrupt(signal, Invocation.ExitCode.Terminated)),
        ];

    public CancellationToken Token => _cancellation.Token;

    public int ExitCode => Volatile.Read(ref _exitCode) is var code and not 0 ? code : Invocation.ExitCode.Interrupted;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _cancellation.Dispose();
    }

    private void Interrupt(PosixSignalContext signal, int exitCode)
    {
        if (Interlocked.CompareExchange(ref _exitCode, exitCode, 0) == 0)
        {
            signal.Cancel = true;
            _cancellation.Cancel();
        }
    }
}
