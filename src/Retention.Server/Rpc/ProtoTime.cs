using Google.Protobuf.WellKnownTypes;
using NodaTime;
using Kernel = Retention.Kernel;

namespace Retention.Server.Rpc;

/// <summary>Moments and amounts between the wire and the domain. Exact both ways, to the nanosecond.</summary>
public static class ProtoTime
{
    public static Timestamp ToProto(this Instant instant)
    {
        var sinceEpoch = instant - NodaConstants.UnixEpoch;
        var seconds = instant.ToUnixTimeSeconds();
        return new Timestamp
        {
            Seconds = seconds,
            Nanos = (int)(sinceEpoch - NodaTime.Duration.FromSeconds(seconds)).ToInt64Nanoseconds(),
        };
    }

    public static Timestamp? ToProto(this Instant? instant) => instant?.ToProto();

    public static Instant ToInstant(this Timestamp timestamp) =>
        Instant.FromUnixTimeSeconds(timestamp.Seconds).PlusNanoseconds(timestamp.Nanos);

    public static V1.Money ToProto(this Kernel.Money money) =>
        new() { CurrencyCode = money.Currency, MinorUnits = money.MinorUnits };
}
