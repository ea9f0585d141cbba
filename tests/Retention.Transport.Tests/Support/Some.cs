using Google.Protobuf;
using Grpc.Testing;

namespace Retention.Transport.Tests.Support;

/// <summary>Values that a test needs but does not care about.</summary>
internal static class Some
{
    /// <summary>How long a test waits for what comes at once on a machine that has time for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static Payload Payload(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    public static SimpleRequest Text(string text) => new() { ResponseStatus = new EchoStatus { Message = text } };
}
