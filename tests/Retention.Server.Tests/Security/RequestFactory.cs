using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Security;

/// <summary>An id field somewhere inside a request.</summary>
public sealed record IdField(IReadOnlyList<FieldDescriptor> Path)
{
    public FieldDescriptor Field => Path[^1];

    public RefersTo RefersTo => RuleOf(Field)!.RefersTo;

    public bool Creates => RuleOf(Field)!.Creates;

    public override string ToString() => string.Join('.', Path.Select(field => field.Name));

    /// <summary>Puts another id into the field, in the first element of what is repeated.</summary>
    public void Set(IMessage request, string id)
    {
        var message = request;
        foreach (var step in Path.SkipLast(1))
        {
            var value = step.Accessor.GetValue(message);
            message = (IMessage)(value is IList many ? many[0]! : value);
        }

        if (Field.IsRepeated) ((IList)Field.Accessor.GetValue(message))[0] = id;
        else Field.Accessor.SetValue(message, id);
    }

    public static FieldRule? RuleOf(FieldDescriptor field) => field.GetOptions()?.GetExtension(OptionsExtensions.Field);
}

/// <summary>Makes valid requests from descriptors: ids from the recipes, the rest from samples by name or type.</summary>
public sealed class RequestFactory(TestTenant tenant)
{
    public const string Source = "till";
    public const string LineId = "1";

    // Optional, and only meaningful with what an earlier reply said.
    private static readonly HashSet<string> LeftEmpty =
        ["etag", "page_token", "resume_token", "expire_time", "virtual_start_time", "kinds", "page_size"];

    private static readonly Dictionary<string, object> SamplesByName = new()
    {
        ["display_name"] = "A sample name",
        ["currency_code"] = "USD",
        ["time_zone"] = "Europe/Vilnius",
        ["country"] = "LT",
        ["vat_id"] = "LT100",
        ["reason"] = "a sample reason",
        ["source"] = Source,
        ["line_id"] = LineId,
        ["birth_date"] = "1980-02-29",
        ["locale"] = "en-US",
        ["role"] = Role.Store,
        ["campaign_id"] = JointRecipes.Campaign,
        ["start_clock"] = "00:00",
        ["end_clock"] = "24:00",
        ["start_date"] = "2026-01-15",
        ["end_date"] = "2026-01-15",
        ["period"] = "2026-01",
        ["period_time_zone"] = "Europe/Vilnius",
        ["update_mask"] = new FieldMask { Paths = { "lot_days" } },
        ["round_to_millipoints"] = 1000L,
    };

    // A card and a customer of one request are of one person.
    private readonly Dictionary<RefersTo, string> made = [];

    /// <summary>Every field of the request that names something stored.</summary>
    public static IEnumerable<IdField> IdFields(MessageDescriptor request) => IdFields(request, []);

    public async Task<IMessage> MakeAsync(MessageDescriptor type)
    {
        var message = Requests.Empty(type);
        var filled = new HashSet<OneofDescriptor>();
        foreach (var field in type.Fields.InFieldNumberOrder())
        {
            // Of alternatives only the first is given.
            if (LeftEmpty.Contains(field.Name) || field.IsMap) continue;
            if (field.RealContainingOneof is { } alternatives && !filled.Add(alternatives)) continue;
            var value = await ValueAsync(field);
            if (field.IsRepeated) ((IList)field.Accessor.GetValue(message)).Add(value);
            else field.Accessor.SetValue(message, value);
        }

        await JointRecipes.FinishAsync(message, tenant);
        return message;
    }

    private static IEnumerable<IdField> IdFields(MessageDescriptor type, FieldDescriptor[] path)
    {
        foreach (var field in type.Fields.InFieldNumberOrder())
        {
            FieldDescriptor[] here = [.. path, field];
            if (field.FieldType == FieldType.Message && !field.IsMap && path.Length < 5)
            {
                foreach (var inner in IdFields(field.MessageType, here))
                {
                    yield return inner;
                }
            }

            if (IdField.RuleOf(field) is { RefersTo: not RefersTo.Unspecified }) yield return new IdField(here);
        }
    }

    private async Task<object> ValueAsync(FieldDescriptor field)
    {
        if (IdField.RuleOf(field) is { RefersTo: not RefersTo.Unspecified } rule)
        {
            return rule.Creates ? NewId(field) : await OneAsync(rule.RefersTo);
        }

        return SamplesByName.TryGetValue(field.Name, out var sample) ? sample : await SampleByTypeAsync(field);
    }

    private static string NewId(FieldDescriptor field) => field.Name switch
    {
        "email" => $"{TestServer.NewId("made")}@example.com",
        "phone" => $"+{Random.Shared.NextInt64(10_000_000_000_000, 99_999_999_999_999)}",
        _ => TestServer.NewId("made"),
    };

    private async Task<string> OneAsync(RefersTo kind)
    {
        var thing = kind == RefersTo.Card ? RefersTo.Customer : kind;
        if (!made.TryGetValue(thing, out var id)) made[thing] = id = await Recipes.MakeAsync(thing, tenant);
        return id;
    }

    private async Task<object> SampleByTypeAsync(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => TestServer.NewId("text"),
        FieldType.Bytes => ByteString.CopyFromUtf8("sample"),
        FieldType.Bool => false,
        FieldType.Int32 => 1,
        FieldType.Int64 => 1L,
        FieldType.Enum => System.Enum.ToObject(field.EnumType.ClrType, field.EnumType.Values[1].Number),
        FieldType.Message when field.MessageType == Timestamp.Descriptor => Samples.Time,
        FieldType.Message when field.MessageType == Duration.Descriptor => new Duration { Seconds = 60 },
        FieldType.Message => await MakeAsync(field.MessageType),
        _ => throw new Xunit.Sdk.XunitException($"No sample of {field.FullName}."),
    };
}

public static class Samples
{
    /// <summary>When the probes' tenants begin, and when everything in them happens.</summary>
    public static readonly NodaTime.Instant Start = NodaTime.Instant.FromUtc(2026, 1, 15, 12, 0);

    public static Timestamp Time => new() { Seconds = Start.ToUnixTimeSeconds() };
}
