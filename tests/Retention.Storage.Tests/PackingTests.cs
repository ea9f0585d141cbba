using System.Text;
using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

public sealed class PackingTests
{
    private const string Sale = """
        {"$type":"purchase","s":"pos","i":"b335a2be21e8.000000020270","a":1990,"q":19000,"n":4,"v":1,"x":"2027-11-22T00:00:00Z","l":[{"i":"1","p":"p-1","c":"food","n":1,"a":1990}],"at":"2026-11-22T05:19:26.9570765Z","o":{"by":"cred_a3sjcn08q6a0","b":"bakery","st":"north-1","ti":"1","ca":"1"}}
        """;

    private readonly Packing packing = new();

    [Fact]
    public void A_sale_is_packed_to_less_than_half()
    {
        var content = Encoding.UTF8.GetBytes(Sale);

        Assert.InRange(Pack(content)!.Length, 1, content.Length / 2);
    }

    [Fact]
    public void What_was_packed_is_unpacked_to_the_same_bytes()
    {
        var random = new Random(17);
        for (var round = 0; round < 3_000; round++)
        {
            var content = Some(random);
            if (Pack(content) is { } packed) Assert.Equal(content, Unpack(packed, content.Length));
        }
    }

    [Fact]
    public void Bytes_that_repeat_nothing_are_left_as_they_are()
    {
        var content = new byte[1_000];
        new Random(3).NextBytes(content);

        Assert.Null(Pack(content));
    }

    [Fact]
    public void Content_of_the_longest_kind_is_packed_and_longer_content_is_not()
    {
        var longest = Enumerable.Range(0, Packing.ContentMax).Select(x => (byte)(x % 7 * x % 11)).ToArray();

        Assert.Equal(longest, Unpack(Pack(longest)!, longest.Length));
        Assert.Null(Pack([.. longest, 1]));
    }

    /// <summary>Whatever stands in a row whose checksum holds all the same, it is damage and not a crash or a wrong fact.</summary>
    [Fact]
    public void Packed_bytes_that_make_no_sense_are_damage()
    {
        var random = new Random(23);
        var packed = Pack(Encoding.UTF8.GetBytes(Sale))!;
        for (var round = 0; round < 20_000; round++)
        {
            var broken = (byte[])packed.Clone();
            broken[random.Next(broken.Length)] = (byte)random.Next(256);
            try
            {
                Unpack(round % 2 == 0 ? broken : broken[..random.Next(broken.Length)], Sale.Length);
            }
            catch (StoreDamagedException)
            {
            }
        }
    }

    /// <summary>Rows of all databases point into the words. Who needs others adds a second file and a format.</summary>
    [Fact]
    public void The_words_never_change() => Assert.Equal(WordsChecksum, Checksum.Of(0, Words.Bytes));

    private const uint WordsChecksum = 0x3DDD23A9;

    private static byte[] Some(Random random)
    {
        var content = new byte[random.Next(3_000)];
        random.NextBytes(content);
        var sale = Encoding.UTF8.GetBytes(Sale);
        for (var at = 0; at < content.Length;)
        {
            var length = Math.Min(random.Next(60), content.Length - at);
            switch (random.Next(4))
            {
                case 0:
                    var from = random.Next(sale.Length - 60);
                    sale.AsSpan(from, length).CopyTo(content.AsSpan(at));
                    break;
                case 1 when at > length:
                    content.AsSpan(at - length, length).CopyTo(content.AsSpan(at));
                    break;
                case 2:
                    content.AsSpan(at, length).Fill((byte)random.Next(3));
                    break;
            }

            at += Math.Max(1, length);
        }

        return content;
    }

    private byte[]? Pack(byte[] content)
    {
        var output = new ByteWriter();
        output.Byte(7);
        var isPacked = packing.TryPack(content, output);
        Assert.Equal(isPacked, output.Length > 1);
        return isPacked ? output.Written[1..].ToArray() : null;
    }

    private static byte[] Unpack(byte[] packed, int length)
    {
        var content = new byte[length];
        Packing.Unpack(packed, content);
        return content;
    }
}
