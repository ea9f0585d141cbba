using System.Collections;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Faults.Wire;
using Retention.Server.Client;
using Retention.Server.Hosting;
using Retention.V1;

namespace Retention.Faults.Tenants;

/// <summary>
/// S7: requests that set what only the server sets, hold hundreds of fields that nobody knows, or name another tenant in
/// their headers change nothing beyond their due; and no role that sees no person finds one in any answer, whatever it
/// asks by the right ids. Control: the tenant's admin finds the person.
/// </summary>
internal static class OverreachRow
{
    private const string Ok = "0";
    private const string Customer = "c0";
    private const string Card = "CANARY4711";
    private const string OfferId = "greedy";

    /// <summary>What is known of the one customer by whom he knows it: never in another's answer.</summary>
    private static readonly string[] Person = ["Canarygiven", "Canaryfamily", "canary@example.com", "+37060000471", Card, "1971-02-03"];

    private static readonly Role[] Blind = [Role.PlatformAdmin, Role.Marketer, Role.Partner, Role.Ops];

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = await OwnServer.StartAsync(folder.New(), null, "--auth-failures-per-minute", "0");
        using var platform = server.Client();
        var shop = await Shop.OpenAsync(platform, "greedy", customers: 1);
        await Shop.OpenAsync(platform, "victim", customers: 1);
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = server.Endpoint };
        using var admin = platform.As(shop.Key);
        await AssignAsync(sheet, admin, http, shop.Key);
        await ReadAsync(sheet, server, admin, http, shop.Key);
    }

    private static async Task AssignAsync(Sheet sheet, RpcClient admin, HttpClient http, string key)
    {
        var (wrong, calls) = (new List<string>(), 0);
        void Demand(bool holds, string what)
        {
            calls++;
            if (!holds) wrong.Add(what);
        }

        var dollars = new Money { CurrencyCode = "USD", MinorUnits = 900 };
        var made = await admin.Call<CreateOfferResponse>("retention.v1.OfferService/CreateOffer", new CreateOfferRequest
        {
            RequestId = "offer",
            Offer = new Offer
            {
                OfferId = OfferId, BrandId = "b", Kind = OfferKind.GenericCode, Code = "GREEDY", Discount = new Discount { AmountOff = dollars },
                Status = OfferStatus.Active, TargetCount = 9, IssuedCount = 9, RedeemedCount = 9, DiscountGiven = dollars, Etag = "mine",
                BudgetPercent = 80, PausedByBudget = true, BudgetReserved = dollars,
            },
        });
        var offer = (await admin.Call<GetOfferResponse>("retention.v1.OfferService/GetOffer", new GetOfferRequest { OfferId = OfferId })).Offer;
        Demand(offer.Equals(made.Offer), "an offer is not what its maker was told");
        Demand(offer.Status != OfferStatus.Active, "an offer is active because its maker says so");
        Demand(offer is { TargetCount: 0, IssuedCount: 0, RedeemedCount: 0, BudgetPercent: 0, PausedByBudget: false }, "an offer's counts are its maker's");
        Demand((offer.DiscountGiven?.MinorUnits ?? 0) == 0 && (offer.BudgetReserved?.MinorUnits ?? 0) == 0, "an offer's money is its maker's");
        Demand(offer.Etag != "mine", "an offer's etag is its maker's");

        var program = (await admin.Call<GetProgramResponse>("retention.v1.TenantService/GetProgram", new GetProgramRequest())).Program;
        var other = new V1.Program { Version = 99, LotDays = 5, MillipointsPerUnit = 1_000_000_000 };
        var update = new UpdateProgramRequest { RequestId = "program", Program = other, UpdateMask = FieldMask.FromString("lot_days") };
        var updated = (await admin.Call<UpdateProgramResponse>("retention.v1.TenantService/UpdateProgram", update)).Program;
        program.LotDays = 5;
        program.Version++;
        Demand(updated.Equals(program), "a field is changed that the mask does not name");
        update = new UpdateProgramRequest { RequestId = "version", Program = other, UpdateMask = FieldMask.FromString("version") };
        Demand((await RawCall.SendAsync(http, "TenantService/UpdateProgram", update, key)).Status == "3", "the version can be named");

        // Whatever else is in the message, or beside it, it is the same sale of 5.00: five points, at the caller's tenant.
        var before = await BalanceAsync(admin);
        foreach (var (name, extra) in Extras())
        {
            var sale = Shop.Purchase(new Order($"sale-{name}", Customer, OrderKind.Buy));
            var answer = await RawCall.SendAsync(http, "PurchaseService/RecordPurchase", [.. sale.ToByteArray(), .. extra], ("authorization", "Bearer " + key));
            var after = await BalanceAsync(admin);
            Demand(answer.Status == Ok ? after == before + 5_000 : answer.Status == "3" && after == before, $"{name}: {answer.Status} {answer.Said}, {after - before} millipoints");
            before = after;
        }

        foreach (var name in (string[])["x-tenant-id", "tenant-id", "x-tenant", "x-role", "x-retention-tenant", "x-forwarded-user", "x-original-url", "x-http-method-override"])
        {
            var answer = await RawCall.SendAsync(http, "TenantService/GetTenant", [], ("authorization", "Bearer " + key), (name, "victim"));
            Demand(answer.Status == Ok && !answer.Holds("victim"), $"{name}: {answer.Status}");
        }

        sheet.Add(new Outcome("S7 fields and headers that are not the caller's", calls, calls - wrong.Count, 0, 0, wrong.Count), wrong);
    }

    /// <summary>Fields that no message has, as numbers, texts, messages and groups, and a field given twice.</summary>
    private static IEnumerable<(string Name, byte[] Extra)> Extras()
    {
        foreach (var wire in (WireFormat.WireType[])[WireFormat.WireType.Varint, WireFormat.WireType.Fixed64, WireFormat.WireType.LengthDelimited, WireFormat.WireType.Fixed32])
        {
            using var stream = new MemoryStream();
            using (var output = new CodedOutputStream(stream, leaveOpen: true))
            {
                for (var number = 1_000; number < 1_300; number++)
                {
                    output.WriteTag(number, wire);
                    switch (wire)
                    {
                        case WireFormat.WireType.Varint: output.WriteInt64(long.MaxValue); break;
                        case WireFormat.WireType.Fixed64: output.WriteFixed64(ulong.MaxValue); break;
                        case WireFormat.WireType.Fixed32: output.WriteFixed32(uint.MaxValue); break;
                        default: output.WriteString("victim"); break;
                    }
                }
            }

            yield return ($"unknown-{wire}", stream.ToArray());
        }
    }

    private static async Task ReadAsync(Sheet sheet, OwnServer server, RpcClient admin, HttpClient http, string key)
    {
        await admin.Call<EnrollCustomerResponse>("retention.v1.CustomerService/EnrollCustomer", new EnrollCustomerRequest
        {
            RequestId = "canary", CustomerId = "canary", CardNumber = Card,
            Profile = new Profile { GivenName = Person[0], FamilyName = Person[1], Email = Person[2], Phone = Person[3], BirthDate = Person[5] },
        });
        var methods = RpcServices.Descriptors.SelectMany(x => x.Methods).Where(x => !x.IsClientStreaming && !x.IsServerStreaming).ToArray();
        var (wrong, calls, answered) = (new List<string>(), 0, 0);
        foreach (var role in Blind)
        {
            var its = role == Role.PlatformAdmin ? server.Key : (await admin.Call<CreateCredentialResponse>(
                "retention.v1.TenantService/CreateCredential", new CreateCredentialRequest { RequestId = $"{role}", Role = role })).ApiKey;
            foreach (var method in methods)
            {
                var answer = await RawCall.SendAsync(http, $"{method.Service.Name}/{method.Name}", Filled(method.InputType, $"{role}"), its);
                calls++;
                if (answer.Status == Ok) answered++;
                wrong.AddRange(Person.Where(answer.Holds).Select(seen => $"{role} sees {seen} by {method.Name}"));
            }
        }

        sheet.Add(
            new Outcome("S7 persons that a role must not see", calls, answered, 0, 0, wrong.Count, string.Create(
                CultureInfo.InvariantCulture, $"({methods.Length} rpcs, {Blind.Length} roles)")),
            wrong);
        var seen = await RawCall.SendAsync(http, "CustomerService/GetCustomer", Filled(GetCustomerRequest.Descriptor, "admin"), key);
        var shown = Person.Where(seen.Holds).ToList();
        // A card is asked by and never shown.
        sheet.Control("S7", shown.Count == Person.Length - 1, $"the tenant's admin sees by the same request: {string.Join(", ", shown)}");
    }

    /// <summary>A message with the ids that there are, and samples of the rest.</summary>
    private static IMessage Filled(MessageDescriptor type, string run, int depth = 0)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InDeclarationOrder().Where(field => !field.IsMap && Value(field, run, depth) is not null))
        {
            var value = Value(field, run, depth)!;
            if (field.IsRepeated) ((IList)field.Accessor.GetValue(message)).Add(value);
            else if (field.RealContainingOneof is not { } oneof || oneof.Accessor.GetCaseFieldDescriptor(message) is null) field.Accessor.SetValue(message, value);
        }

        return message;
    }

    private static object? Value(FieldDescriptor field, string run, int depth) => field.FieldType switch
    {
        FieldType.String => Text(field, run),
        FieldType.Message when field.MessageType == Money.Descriptor => new Money { CurrencyCode = "USD", MinorUnits = 1 },
        FieldType.Message when field.MessageType.File.Package == "retention.v1" && depth < 3 => Filled(field.MessageType, run, depth + 1),
        _ => null,
    };

    private static string? Text(FieldDescriptor field, string run) => field.GetOptions()?.GetExtension(OptionsExtensions.Field)?.RefersTo switch
    {
        RefersTo.Customer => "canary",
        RefersTo.Card => Card,
        RefersTo.Brand => "b",
        RefersTo.Tenant => "greedy",
        RefersTo.Offer => OfferId,
        _ => field.Name == "request_id" ? $"{run}.{field.ContainingType.Name}" : null,
    };

    private static async Task<long> BalanceAsync(RpcClient admin) => (await admin.Call<GetBalanceResponse>(
        "retention.v1.LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = Customer })).Balance.AvailableMillipoints;
}
