using Google.Protobuf;
using Grpc.Testing;

namespace Retention.Transport.Tests.Support;

/// <summary>Values that a test needs but does not care about.</summary>
internal static class Some
{
    public static Payload Payload(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    public static SimpleRequest Text(string text) => new() { ResponseStatus = new EchoStatus { Message = text } };
}
