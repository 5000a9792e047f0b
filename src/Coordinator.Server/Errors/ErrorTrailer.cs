using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Coordinator.Server.Errors;

/// <summary>
/// A <see cref="CallError"/> on the wire: gRPC's status with a <c>google.rpc.Status</c> in the trailer
/// <c>grpc-status-details-bin</c>. Its details: always an ErrorInfo; BadRequest, PreconditionFailure and RetryInfo where
/// they apply. Everything together stays below what any client takes as headers.
/// </summary>
internal static class ErrorTrailer
{
    /// <summary>The trailer's name.</summary>
    public const string Key = "grpc-status-details-bin";

    /// <summary>The domain of our reasons.</summary>
    public const string Domain = "coordinator";

    /// <summary>Metadata under which the remedy stands by itself.</summary>
    public const string RemedyKey = "remedy";

    // gRPC's C core refuses trailers above 8 KB by default; base64 and percent-encoding add to these.
    private const int MaxMessageBytes = 768;
    private const int MaxRemedyBytes = 512;
    private const int MaxValueBytes = 128;
    private const int MaxFieldsBytes = 2048;
    private const int MaxMetadata = 8;

    /// <summary>The exception that makes gRPC answer so.</summary>
    public static RpcException ToException(CallError error)
    {
        var text = Text(error);
        return new RpcException(
            new Grpc.Core.Status(error.Code, text), new Metadata { { Key, Details(error, text).ToByteArray() } });
    }

    /// <summary>What and what to do, in one text.</summary>
    public static string Text(CallError error) =>
        BoundedText.Cut(error.Remedy.Length == 0 ? error.Message : $"{error.Message} {error.Remedy}", MaxMessageBytes);

    /// <summary>The details of an error.</summary>
    public static Google.Rpc.Status Details(CallError error, string text)
    {
        var fields = Fields(error, out var left);
        var status = new Google.Rpc.Status { Code = (int)error.Code, Message = text, Details = { Any.Pack(Info(error, left)) } };
        if (fields.FieldViolations.Count > 0)
        {
            status.Details.Add(Any.Pack(fields));
        }

        if (error.Code == StatusCode.FailedPrecondition)
        {
            status.Details.Add(Any.Pack(Precondition(error)));
        }

        if (error.RetryDelay is { } delay)
        {
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
        }

        return status;
    }

    private static ErrorInfo Info(CallError error, int fieldsLeftOut)
    {
        var info = new ErrorInfo { Reason = error.Reason, Domain = Domain };
        foreach (var (key, value) in error.Metadata.Take(MaxMetadata))
        {
            info.Metadata[key] = BoundedText.Cut(value, MaxValueBytes);
        }

        if (error.Remedy.Length > 0)
        {
            info.Metadata[RemedyKey] = BoundedText.Cut(error.Remedy, MaxRemedyBytes);
        }

        if (fieldsLeftOut > 0)
        {
            info.Metadata["violations_left_out"] = fieldsLeftOut.ToString(CultureInfo.InvariantCulture);
        }

        return info;
    }

    private static BadRequest Fields(CallError error, out int left)
    {
        var request = new BadRequest();
        foreach (var field in error.Fields)
        {
            request.FieldViolations.Add(new BadRequest.Types.FieldViolation
            {
                Field = BoundedText.Cut(field.Field, MaxValueBytes),
                Description = BoundedText.Cut(field.Description, MaxRemedyBytes),
                Reason = field.Reason,
            });
            if (request.CalculateSize() > MaxFieldsBytes && request.FieldViolations.Count > 1)
            {
                request.FieldViolations.RemoveAt(request.FieldViolations.Count - 1);
                break;
            }
        }

        left = error.Fields.Count - request.FieldViolations.Count;
        return request;
    }

    private static PreconditionFailure Precondition(CallError error) => new()
    {
        Violations =
        {
            new PreconditionFailure.Types.Violation
            {
                Type = error.Reason,
                Subject = BoundedText.Cut(string.Join("/", error.Metadata.Take(2).Select(pair => pair.Value)), MaxValueBytes),
                Description = BoundedText.Cut(error.Message, MaxRemedyBytes),
            },
        },
    };
}
