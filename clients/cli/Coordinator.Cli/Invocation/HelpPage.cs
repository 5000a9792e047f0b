using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Coordinator.Cli.Invocation;

/// <summary>The generated help of a command, followed by what the generator can't know: examples and what the exit codes mean.</summary>
internal sealed class HelpPage(IReadOnlyDictionary<Command, string> epilogues, HelpAction generated) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var result = generated.Invoke(parseResult);
        if (epilogues.TryGetValue(parseResult.CommandResult.Command, out var epilogue))
        {
            parseResult.InvocationConfiguration.Output.WriteLine(epilogue.TrimEnd());
            parseResult.InvocationConfiguration.Output.WriteLine();
        }

        return result;
    }
}
