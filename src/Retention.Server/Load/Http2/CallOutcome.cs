using Retention.Transport;

namespace Retention.Server.Load.Http2;

/// <summary>How a call ended: a gRPC status, or no status at all.</summary>
internal static class CallOutcome
{
    public const int Ok = (int)RpcStatus.Ok;

    /// <summary>The response ended without a grpc-status.</summary>
    public const int NoStatus = 17;

    /// <summary>The server reset the stream.</summary>
    public const int Reset = 18;

    /// <summary>The connection ended first; whether the call was carried out is unknown.</summary>
    public const int Lost = 19;

    public const int Count = 20;

    public static string Name(int outcome) => outcome switch
    {
        NoStatus => "NO_STATUS",
        Reset => "RESET",
        Lost => "LOST",
        _ => System.Text.Json.JsonNamingPolicy.SnakeCaseUpper.ConvertName(((RpcStatus)outcome).ToString()),
    };
}

/// <summary>A call that has ended.</summary>
internal readonly record struct EndedCall(long Number, long StartedAt, int Outcome);
