using System.Text;
using Retention.Server.Load.Http2;

namespace Retention.Server.Tests.Load;

/// <summary>Method: the examples of RFC 7541, appendix C, with their header tables and evictions.</summary>
public sealed class HpackTests
{
    [Fact]
    public void Literals_are_decoded_with_and_without_being_kept()
    {
        Assert.Equal(
            "custom-key: custom-header", Decode(new HpackDecoder(), "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"));
        Assert.Equal(
            ":path: /sample/path", Decode(new HpackDecoder(), "040c 2f73 616d 706c 652f 7061 7468"));
        Assert.Equal(
            "password: secret", Decode(new HpackDecoder(), "1008 7061 7373 776f 7264 0673 6563 7265 74"));
        Assert.Equal(":method: GET", Decode(new HpackDecoder(), "82"));
    }

    [Theory]
    [InlineData(
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65")]
    [InlineData(
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")]
    public void Three_requests_on_one_connection_share_a_table(string first, string second, string third)
    {
        var decoder = new HpackDecoder();

        Assert.Equal(
            ":method: GET, :scheme: http, :path: /, :authority: www.example.com", Decode(decoder, first));
        Assert.Equal(57, decoder.Table.Size);
        Assert.Equal(
            ":method: GET, :scheme: http, :path: /, :authority: www.example.com, cache-control: no-cache",
            Decode(decoder, second));
        Assert.Equal(110, decoder.Table.Size);
        Assert.Equal(
            ":method: GET, :scheme: https, :path: /index.html, :authority: www.example.com, custom-key: custom-value",
            Decode(decoder, third));
        Assert.Equal(164, decoder.Table.Size);
        Assert.Equal(3, decoder.Table.Count);
    }

    [Theory]
    [InlineData(
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d " +
        "546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f " +
        "6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b " +
        "2076 6572 7369 6f6e 3d31")]
    [InlineData(
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 " +
        "8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 " +
        "dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07")]
    public void Three_responses_evict_the_oldest_headers_of_a_small_table(string first, string second, string third)
    {
        const string fixedPart = "cache-control: private, date: Mon, 21 Oct 2013 20:13:21 GMT, location: https://www.example.com";
        var decoder = new HpackDecoder(256);

        Assert.Equal(":status: 302, " + fixedPart, Decode(decoder, first));
        Assert.Equal(222, decoder.Table.Size);
        Assert.Equal(":status: 307, " + fixedPart, Decode(decoder, second));
        Assert.Equal(222, decoder.Table.Size);
        Assert.Equal(
            ":status: 200, cache-control: private, date: Mon, 21 Oct 2013 20:13:22 GMT, location: https://www.example.com, " +
            "content-encoding: gzip, set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            Decode(decoder, third));
        Assert.Equal(215, decoder.Table.Size);
        Assert.Equal(3, decoder.Table.Count);
    }

    [Fact]
    public void A_table_that_is_emptied_forgets_its_headers()
    {
        var decoder = new HpackDecoder();
        Decode(decoder, "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d");

        Assert.Equal(":method: GET", Decode(decoder, "20 82"));

        Assert.Equal(0, decoder.Table.Count);
        Assert.Throws<Http2Exception>(() => Decode(decoder, "be"));
    }

    [Fact]
    public void A_header_keeps_its_name_when_its_own_entry_evicts_the_one_that_named_it()
    {
        var decoder = new HpackDecoder(64);
        Decode(decoder, "40 03 616263 02 3131");

        Assert.Equal("abc: 22222222222222222222", Decode(decoder, "7e 14 3232323232323232323232323232323232323232"));
        Assert.Equal("abc: 22222222222222222222", Decode(decoder, "be"));
    }

    [Fact]
    public void A_table_that_turns_over_many_times_still_gives_the_newest_headers()
    {
        var decoder = new HpackDecoder(256);

        for (var i = 1000; i < 3000; i++)
        {
            Assert.Equal($"abc: {i}", Decode(decoder, "40 03 616263 04" + Convert.ToHexString(Encoding.ASCII.GetBytes($"{i}"))));
            Assert.Equal($"abc: {i}", Decode(decoder, "be"));
            if (i > 1005) Assert.Equal($"abc: {i - 5}", Decode(decoder, "c3"));
        }
    }

    [Theory]
    [InlineData("80")]
    [InlineData("40 0a 6375")]
    [InlineData("7f ff ff ff ff ff ff")]
    [InlineData("82 20")]
    [InlineData("3f ff ff 7f")]
    [InlineData("00 01 61 81 00")]
    [InlineData("00 01 61 84 ff ff ff ff")]
    public void A_malformed_block_ends_the_connection(string block) =>
        Assert.Throws<Http2Exception>(() => Decode(new HpackDecoder(), block));

    [Fact]
    public void Request_headers_mean_the_same_whether_kept_or_not()
    {
        var headers = new CallHeaders(new Uri("https://localhost:5001"), "/pkg.Service/Method", "secret");
        const string expected =
            ":method: POST, :scheme: https, :path: /pkg.Service/Method, :authority: localhost:5001, " +
            "content-type: application/grpc, te: trailers, user-agent: retention-load, authorization: Bearer secret";
        var decoder = new HpackDecoder();

        Assert.Equal(expected, Decode(decoder, Convert.ToHexString(headers.First)));
        Assert.Equal(expected, Decode(decoder, Convert.ToHexString(headers.Next)));
        Assert.Equal(expected, Decode(decoder, Convert.ToHexString(headers.Next)));
        Assert.Equal(expected, Decode(decoder, Convert.ToHexString(headers.Unkept)));
    }

    private static string Decode(HpackDecoder decoder, string hex)
    {
        var sink = new Lines { All = [] };
        decoder.Decode(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), ref sink);
        return string.Join(", ", sink.All);
    }

    private struct Lines : IHeaderSink
    {
        public List<string> All;

        public readonly void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            All.Add($"{Encoding.ASCII.GetString(name)}: {Encoding.ASCII.GetString(value)}");
    }
}
