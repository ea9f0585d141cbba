using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Retention.Server.Tests.Support;

/// <summary>Requests made from descriptors alone.</summary>
public static class Requests
{
    public static IMessage Empty(MessageDescriptor type) => type.Parser.ParseFrom(ByteString.Empty);
}
