using Google.Protobuf;

namespace Retention.Server.Tests.Nodes;

/// <summary>The judge of histories: a true one passes, and each forgery of it is found.</summary>
public sealed class CustomerHistoryTests
{
    private static readonly Played Bought = Write("buy", 5_000, sent: 10, answered: 20, position: 3, balance: 5_000);
    private static readonly Played Redeemed = Write("redeem", -1_000, sent: 15, answered: 40, position: 7, balance: 4_000);
    private static readonly Played BoughtAgain = Write("again", 5_000, sent: 50, answered: 60, position: 9, balance: 9_000);
    private static readonly Played Refused = Write("refused", -1_000, sent: 1, answered: 5, position: 0, balance: 0) with { Replies = [] };
    private static readonly Played Looked = Read("look", sent: 30, answered: 45, position: 8, balance: 5_000);

    public static TheoryData<string, Played[]> Forgeries => new()
    {
        { "a balance that is not the sum", [Bought, Redeemed with { Balance = 3_999 }] },
        { "an answer that is nowhere", [Bought with { Position = 0 }, BoughtAgain with { Balance = 5_000 }] },
        { "one that applied and was never told", [Bought with { Replies = [] }] },
        { "two answers to one id", [Bought with { Replies = [Bytes("a"), Bytes("b")] }] },
        { "a copy that applied twice", [Bought, Bought with { Position = 4, Balance = 10_000, Id = "copy" }, Redeemed] },
        { "an order against time", [Bought with { Position = 9, Balance = 10_000 }, BoughtAgain with { Position = 3, Balance = 5_000 }] },
        { "points that were not there", [Redeemed with { Balance = -1_000 }, Bought with { Position = 8, Balance = 4_000 }] },
        { "a refusal without cause", [Bought, Refused with { SentAt = 25, AnsweredAt = 26 }] },
        { "a read of the past", [Bought, Redeemed, Looked with { Balance = 0 }] },
        { "a read of the future", [Bought, Redeemed, BoughtAgain, Looked with { Position = 9, Balance = 9_000 }] },
        { "a read that includes less than it should", [Bought, Looked with { Position = 2 }] },
        { "a position that two share", [Bought, Redeemed with { Position = 3 }] },
    };

    [Fact]
    public void What_can_have_happened_passes() =>
        Assert.Empty(CustomerHistory.Anomalies([Refused, Looked, BoughtAgain, Redeemed, Bought, Looked with { Balance = 4_000 }]));

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void A_forged_history_is_found(string what, Played[] history)
    {
        Assert.True(CustomerHistory.Anomalies(history).Count > 0, what);
    }

    private static Played Write(string id, long delta, long sent, long answered, long position, long balance) =>
        new(id, false, delta, sent, answered, position, balance, [Bytes(id)]);

    private static Played Read(string id, long sent, long answered, long position, long balance) =>
        new(id, true, 0, sent, answered, position, balance, [Bytes(id)]);

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);
}
