using System.Collections.ObjectModel;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Coordinator.Client.Errors;

/// <summary>The <c>google.rpc.Status</c> in the trailers of a failed call, in our own terms.</summary>
internal sealed class ErrorDetails
{
    public const string TrailerKey = "grpc-status-details-bin";

    /// <summary>The key in ErrorInfo's metadata under which the service says what to do.</summary>
    public const string RemedyKey = "remedy";

    public required string Reason { get; init; }

    public required string Text { get; init; }

    public string Remedy { get; init; } = "";

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    public IReadOnlyList<CoordinatorViolation> Blockers { get; init; } = [];

    public IReadOnlyList<CoordinatorViolation> FieldViolations { get; init; } = [];

    public TimeSpan? RetryAfter { get; init; }

    public static ErrorDetails Read(RpcException exception)
    {
        var status = StatusIn(exception.Trailers);
        var info = Unpack(status, ErrorInfo.Parser, ErrorInfo.Descriptor.FullName);
        var remedy = info?.Metadata.GetValueOrDefault(RemedyKey) ?? "";
        return new ErrorDetails
        {
            Reason = info is { Reason.Length: > 0 } ? info.Reason : NameOf(exception.StatusCode),
            Text = TextOf(exception.Status, remedy),
            Remedy = remedy,
            Metadata = info?.Metadata.ToDictionary().AsReadOnly() ?? ReadOnlyDictionary<string, string>.Empty,
            Blockers = BlockersIn(Unpack(status, PreconditionFailure.Parser, PreconditionFailure.Descriptor.FullName)),
            FieldViolations = ViolationsIn(Unpack(status, BadRequest.Parser, BadRequest.Descriptor.FullName)),
            RetryAfter = Unpack(status, RetryInfo.Parser, RetryInfo.Descriptor.FullName)?.RetryDelay?.ToTimeSpan(),
        };
    }

    private static string TextOf(Grpc.Core.Status status, string remedy)
    {
        var text = status.Detail.Length > 0 ? status.Detail : status.StatusCode.ToString();
        return remedy.Length == 0 || text.Contains(remedy, StringComparison.Ordinal) ? text : $"{text} {remedy}";
    }

    /// <summary>Details that cannot be read are no reason to hide the error that they belong to.</summary>
    private static Google.Rpc.Status? StatusIn(Metadata trailers)
    {
        var bytes = trailers.FirstOrDefault(e => e.IsBinary && e.Key == TrailerKey)?.ValueBytes;
        try
        {
            return bytes is null ? null : Google.Rpc.Status.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static T? Unpack<T>(Google.Rpc.Status? status, MessageParser<T> parser, string typeName)
        where T : class, IMessage<T>
    {
        var detail = status?.Details.FirstOrDefault(d => d.TypeUrl.EndsWith("/" + typeName, StringComparison.Ordinal));
        try
        {
            return detail is null ? null : parser.ParseFrom(detail.Value);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static List<CoordinatorViolation> BlockersIn(PreconditionFailure? failure) =>
        [.. (failure?.Violations ?? []).Select(v => new CoordinatorViolation(v.Type, v.Subject, v.Description))];

    private static List<CoordinatorViolation> ViolationsIn(BadRequest? request) =>
        [.. (request?.FieldViolations ?? []).Select(v => new CoordinatorViolation(v.Reason, v.Field, v.Description))];

    private static string NameOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument => "INVALID_ARGUMENT",
        StatusCode.DeadlineExceeded => "DEADLINE_EXCEEDED",
        StatusCode.NotFound => "NOT_FOUND",
        StatusCode.AlreadyExists => "ALREADY_EXISTS",
        StatusCode.PermissionDenied => "PERMISSION_DENIED",
        StatusCode.ResourceExhausted => "RESOURCE_EXHAUSTED",
        StatusCode.FailedPrecondition => "FAILED_PRECONDITION",
        StatusCode.OutOfRange => "OUT_OF_RANGE",
        StatusCode.DataLoss => "DATA_LOSS",
        _ => code.ToString().ToUpperInvariant(),
    };
}
