namespace Coordinator.Worker.Handlers;

/// <summary>
/// Thrown by a handler to say that a row among those it was given can't be filled, whoever tries: its value means nothing, a
/// service knows nothing of it. The worker then calls the handler with fewer and fewer rows, until those at fault are alone;
/// they go into quarantine with their keys and this message, the others are filled. Not for what passes by itself, such as a
/// service that does not answer: any other exception has the whole batch tried again later.
/// </summary>
/// <example><code>throw new BadRowException($"no such currency: {row.Currency}");</code></example>
public sealed class BadRowException : Exception
{
    /// <summary>With the reason that people will read in the quarantine.</summary>
    /// <param name="reason">What is wrong with the row, and where that helps what to do; its first 1000 characters are kept.</param>
    /// <exception cref="ArgumentException">There is no reason.</exception>
    public BadRowException(string reason)
        : this(reason, null)
    {
    }

    /// <summary>With the reason, and the error that told.</summary>
    /// <param name="reason">What is wrong with the row, and where that helps what to do; its first 1000 characters are kept.</param>
    /// <param name="innerException">What the handler found it out by.</param>
    /// <exception cref="ArgumentException">There is no reason.</exception>
    public BadRowException(string reason, Exception? innerException)
        : base(reason, innerException) => ArgumentException.ThrowIfNullOrWhiteSpace(reason);
}
