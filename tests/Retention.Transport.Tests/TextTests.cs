using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Testing;
using Retention.Rpc;
using Retention.Transport.Tests.Support;
using Retention.Transport.Wire;

namespace Retention.Transport.Tests;

public class TextTests
{
    public static TheoryData<string, byte[]> Unreadable => new()
    {
        { "a lone continuation byte", [0x80] },
        { "a cut sequence", [0xE2, 0x98] },
        { "an overlong slash", [0xC0, 0xAF] },
        { "a surrogate", [0xED, 0xA0, 0x80] },
        { "the replacement character", [0xEF, 0xBF, 0xBD] },
        { "a zero byte", [0x00] },
        { "an escape", [0x1B] },
        { "a delete", [0x7F] },
        { "a C1 control", [0xC2, 0x85] },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task Text_that_cannot_be_read_is_refused_by_the_name_of_its_field(string what, byte[] bad)
    {
        await using var host = await TestHost.Start(new ScriptedService());
        byte[] text = [.. "till "u8, .. bad];

        var reply = await host.CallRaw("UnaryCall", Client.Frame(StatusMessage(text)));

        Assert.True(reply.Status == RpcStatus.InvalidArgument, what);
        Assert.Contains("response_status.message", reply.Message);
        var trailer = Assert.Single(MetadataEntry.Decode(reply.One("grpc-status-details-bin"))!);
        var details = Rpc.Status.Parser.ParseFrom(trailer);
        var violation = Assert.Single(details.Details[0].Unpack<BadRequest>().FieldViolations);
        Assert.Equal("response_status.message", violation.Field);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tab\tline\r\nend")]
    [InlineData("Käse, сыр, 奶酪, \U0001f9c0 ~ %")]
    public async Task Readable_text_arrives_as_it_was_sent(string text)
    {
        await using var host = await TestHost.Start(new ScriptedService());

        var reply = await host.CallRaw("UnaryCall", Client.Frame(StatusMessage(Encoding.UTF8.GetBytes(text))));

        Assert.Equal(text, reply.Only<SimpleResponse>().Username);
    }

    [Fact]
    public void Keys_and_values_of_maps_are_text_as_well()
    {
        var shape = MessageShape.Of(ErrorInfo.Descriptor);
        var good = new ErrorInfo { Metadata = { ["a"] = "b" } }.ToByteArray();
        var badKey = Replace(good, (byte)'a', 0xFF);
        var badValue = Replace(good, (byte)'b', 0x01);

        Assert.Equal(WireFault.None, WireCheck.Find(good, shape, 10, out _));
        Assert.Equal(WireFault.InvalidUtf8, WireCheck.Find(badKey, shape, 10, out var key));
        Assert.Equal("metadata.key", key);
        Assert.Equal(WireFault.Control, WireCheck.Find(badValue, shape, 10, out var value));
        Assert.Equal("metadata.value", value);
    }

    [Fact]
    public async Task A_bomb_of_empty_elements_is_refused_before_it_is_parsed()
    {
        await using var host = await TestHost.Start(new ScriptedService());
        var bomb = new byte[60_000];
        for (var i = 0; i < bomb.Length; i += 2) bomb[i] = 0x12;

        // Other tests allocate in this process meanwhile: the smallest of some measurements is the call's own.
        var allocated = long.MaxValue;
        for (var call = 0; call < 20; call++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var reply = await host.CallRaw("StreamingOutputCall", Client.Frame(bomb));
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
            Assert.Equal(RpcStatus.ResourceExhausted, reply.Status);
            Assert.Contains("1000 elements", reply.Message);
        }

        Assert.InRange(allocated, 0, 1_000_000);
    }

    [Theory]
    [InlineData(1000, RpcStatus.Ok)]
    [InlineData(1001, RpcStatus.ResourceExhausted)]
    public async Task A_message_may_hold_as_many_elements_as_the_limit(int count, RpcStatus expected)
    {
        await using var host = await TestHost.Start(new ScriptedService());
        var request = new StreamingOutputCallRequest();
        for (var i = 0; i < count; i++) request.ResponseParameters.Add(new ResponseParameters { Compressed = new() });

        Assert.Equal(expected, (await host.Call("StreamingOutputCall", request)).Status);
    }

    [Fact]
    public void Packed_values_are_elements_too()
    {
        // SourceCodeInfo.Location has two packed lists of int32.
        var location = new SourceCodeInfo.Types.Location { Path = { 1, 200, 3_000_000 }, Span = { 4, 5 } };
        var shape = MessageShape.Of(SourceCodeInfo.Types.Location.Descriptor);

        Assert.Equal(WireFault.None, WireCheck.Find(location.ToByteArray(), shape, 7, out _));
        Assert.Equal(WireFault.TooManyElements, WireCheck.Find(location.ToByteArray(), shape, 4, out _));
    }

    [Fact]
    public void Nesting_has_an_end()
    {
        var shape = MessageShape.Of(DescriptorProto.Descriptor);
        var deep = new DescriptorProto();
        for (var i = 0; i < 40; i++) deep = new DescriptorProto { NestedType = { deep } };
        var deeper = deep;
        for (var i = 0; i < 40; i++) deeper = new DescriptorProto { NestedType = { deeper } };

        Assert.Equal(WireFault.None, WireCheck.Find(deep.ToByteArray(), shape, 1000, out _));
        Assert.Equal(WireFault.Malformed, WireCheck.Find(deeper.ToByteArray(), shape, 1000, out _));
    }

    /// <summary>
    /// What the check lets through, the parser takes, and no text in it was replaced. Method: damage real
    /// descriptors, which hold every kind of field, at a few places.
    /// </summary>
    [Fact]
    public void What_passes_the_check_can_be_parsed_without_loss()
    {
        var good = TestReflection.Descriptor.SerializedData.ToByteArray();
        var shape = MessageShape.Of(FileDescriptorProto.Descriptor);
        Assert.Equal(WireFault.None, WireCheck.Find(good, shape, 1000, out _));

        var place = Gen.Choose(0, good.Length - 1).Zip(Gen.Choose(0, 255));
        var damage = place.ListOf(3).ToArbitrary();
        var passed = 0;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(damage, places =>
        {
            var bytes = (byte[])good.Clone();
            foreach (var (at, value) in places) bytes[at] = (byte)value;
            if (WireCheck.Find(bytes, shape, 1000, out _) != WireFault.None) return;

            passed++;
            var parsed = FileDescriptorProto.Parser.ParseFrom(bytes);
            Assert.DoesNotContain('\uFFFD', parsed.ToString());
        }));
        Assert.InRange(passed, 100, 2900);
    }

    private static byte[] StatusMessage(byte[] text)
    {
        // SimpleRequest.response_status = 7, EchoStatus.message = 2, both length-delimited.
        byte[] status = [0x12, (byte)text.Length, .. text];
        return [0x3A, (byte)status.Length, .. status];
    }

    private static byte[] Replace(byte[] bytes, byte from, byte to) => [.. bytes.Select(b => b == from ? to : b)];
}
