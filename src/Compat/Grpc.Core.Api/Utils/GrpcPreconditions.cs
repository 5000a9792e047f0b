using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core.Utils;

/// <summary>Checks of arguments and state.</summary>
public static class GrpcPreconditions
{
    /// <summary>Throws <see cref="ArgumentException"/> when the condition is false.</summary>
    public static void CheckArgument([DoesNotReturnIf(false)] bool condition)
    {
        CheckArgument(condition, "The argument is not valid.");
    }

    /// <summary>Throws <see cref="ArgumentException"/> with the message when the condition is false.</summary>
    public static void CheckArgument([DoesNotReturnIf(false)] bool condition, string errorMessage)
    {
        if (!condition)
        {
            throw new ArgumentException(errorMessage);
        }
    }

    /// <summary>
    /// Throws <see cref="ArgumentNullException"/> when the reference is null, and returns it otherwise.
    /// </summary>
    public static T CheckNotNull<T>([NotNull] T? reference)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference;
    }

    /// <summary>
    /// Throws <see cref="ArgumentNullException"/> for the parameter when the reference is null, and returns it
    /// otherwise.
    /// </summary>
    public static T CheckNotNull<T>([NotNull] T? reference, string paramName)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(reference, paramName);
        return reference;
    }

    /// <summary>Throws <see cref="InvalidOperationException"/> when the condition is false.</summary>
    public static void CheckState([DoesNotReturnIf(false)] bool condition)
    {
        CheckState(condition, "The operation is not valid in the current state.");
    }

    /// <summary>Throws <see cref="InvalidOperationException"/> with the message when the condition is false.</summary>
    public static void CheckState([DoesNotReturnIf(false)] bool condition, string errorMessage)
    {
        if (!condition)
        {
            throw new InvalidOperationException(errorMessage);
        }
    }
}
