namespace Coordinator.Cli.Invocation;

/// <summary>The question before something that can't be taken back. Where nobody sits, it is an error to need one.</summary>
internal static class Confirmation
{
    /// <exception cref="UsageException">There is no terminal to ask on.</exception>
    public static bool Ask(CommandEnvironment environment, string question, string verb)
    {
        if (!environment.CanAsk)
        {
            throw new UsageException(
                $"'{verb}' asks before it acts, and there is no terminal to ask on.", "Add --yes if you mean it.");
        }

        environment.Error.Write($"{question} [y/N] ");
        environment.Error.Flush();
        var answer = environment.Input.ReadLine()?.Trim();
        if (answer is "y" or "Y" or "yes")
        {
            return true;
        }

        environment.Error.WriteLine("Nothing was done.");
        return false;
    }
}
