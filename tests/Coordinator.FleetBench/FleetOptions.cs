using System.Globalization;
using Coordinator.FleetBench.Suites;

namespace Coordinator.FleetBench;

/// <summary>What the benchmark is told on its command line.</summary>
internal sealed record FleetOptions(
    int Instances, int Connections, TimeSpan Interval, TimeSpan Segment, int Repetitions, int Gates, IReadOnlyList<string> Suites)
{
    public const string Usage =
        """
        usage: bench-fleet [--quick] [--instances N] [--connections N] [--interval S] [--seconds S] [--repetitions N] [--gates N] [SUITE …]
          --quick         a smoke run of a minute; its figures say little
          --instances     how large the fleet is: 20,000
          --connections   over how many connections its streams are spread: 2,000
          --interval      a heartbeat of each instance every so many seconds: 10
          --seconds       how long each segment is measured: 10
          --repetitions   how often segments that are compared are repeated, in turns: 3
          --gates         how many migrations pass their gate: 20
          SUITE           heartbeats, registration, readiness, gate, memory; several, or 'all', which is what is run without one
        Every figure stands beside a bare one of the same run: a gRPC server that only echoes, a bulk upsert without anything around it.
        """;

    public static FleetOptions? Parse(string[] arguments)
    {
        var options = new FleetOptions(20_000, 2_000, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), 3, 20, []);
        for (var index = 0; index < arguments.Length; index++)
        {
            var name = arguments[index];
            if (FleetSuites.All.Contains(name))
            {
                options = options with { Suites = [.. options.Suites, name] };
            }
            else if (name == "all")
            {
                options = options with { Suites = FleetSuites.All };
            }
            else if (name == "--quick")
            {
                options = options with
                {
                    Instances = 2_000,
                    Connections = 200,
                    Interval = TimeSpan.FromSeconds(1),
                    Segment = TimeSpan.FromSeconds(2),
                    Repetitions = 1,
                    Gates = 3,
                };
            }
            else if (++index < arguments.Length
                && int.TryParse(arguments[index], NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number)
                && number > 0 && options.With(name, number) is { } changed)
            {
                options = changed;
            }
            else
            {
                return null;
            }
        }

        return options.Suites.Count > 0 ? options : options with { Suites = FleetSuites.All };
    }

    private FleetOptions? With(string name, int number) => name switch
    {
        "--instances" => this with { Instances = number },
        "--connections" => this with { Connections = number },
        "--interval" => this with { Interval = TimeSpan.FromSeconds(number) },
        "--seconds" => this with { Segment = TimeSpan.FromSeconds(number) },
        "--repetitions" => this with { Repetitions = number },
        "--gates" => this with { Gates = number },
        _ => null,
    };
}
