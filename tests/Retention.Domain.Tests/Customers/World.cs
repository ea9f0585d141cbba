using System.Buffers;
using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Purchases;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Tests.Customers;

/// <summary>
/// One tenant in memory. Facts and states pass through their stored form on every step, and every turn starts with
/// nothing loaded, as after a restart.
/// </summary>
internal sealed class World
{
    public const string Tenant = "acme";

    private readonly Dictionary<GrainId, object> states = [];
    private readonly Dictionary<GrainId, long> versions = [];
    private readonly Dictionary<LedgerKey, IReadOnlyList<Change>> ledger = [];
    private readonly Dictionary<string, IGrainKind> kinds;
    private int requests;

    public World(string zone = "America/New_York")
    {
        kinds = Registry.Default.Kinds.ToDictionary(kind => kind.Name);
        Set(new TenantState
        {
            Exists = true,
            Currency = "USD",
            TimeZone = zone,
            LookupKey = Convert.ToBase64String(new byte[32]),
            Brands = TenantState.Initial.Brands
                .Add("shoes", new Brand("shoes", "Shoes"))
                .Add("hats", new Brand("hats", "Hats")),
            Stores = TenantState.Initial.Stores
                .Add("s1", new Store("s1", "shoes", "Harbour", zone, ""))
                .Add("tokyo", new Store("tokyo", "shoes", "Tokyo", "Asia/Tokyo", ""))
                .Add("hat1", new Store("hat1", "hats", "Hats", "", "")),
        });
    }

    public static PartitionId Partition => PartitionId.Tenant(Tenant);

    public static Origin Till { get; } = new("cre_1", "shoes", "s1", "t1", "c1");

    public Instant Now { get; set; } = Instant.FromUtc(2017, 3, 1, 17, 0);

    /// <summary>Every fact that was stored, with its grain, in order.</summary>
    public List<Change> Journal { get; } = [];

    public List<Effect> Sent { get; } = [];

    public TenantState TenantState => (TenantState)states[TenantGrains.Id(Tenant)];

    public void Set(TenantState tenant) => states[TenantGrains.Id(Tenant)] = tenant;

    public void SetProgram(Func<Program, Program> change) =>
        Set(TenantState with { Program = change(TenantState.Program) });

    public CustomerState Customer(string id = "ann") =>
        (CustomerState)states.GetValueOrDefault(CustomerGrains.Id(Partition, id), CustomerState.Initial);

    public PointsBalance Balance(string id = "ann")
    {
        var decision = Decide(turn => LoyaltyTurns.Read(turn, Tenant, new CustomerRef(id, null)));
        return ((LotsView)decision.Reply!).Balance;
    }

    /// <summary>Decides as an engine would, again and again until everything asked for is there; changes nothing.</summary>
    public Decision Decide(Func<ITurn, Decision> turn)
    {
        var loaded = new HashSet<GrainId>();
        while (true)
        {
            var attempt = new Turn(this, loaded);
            var decision = turn(attempt);
            if (attempt.IsComplete) return decision;
        }
    }

    public Decision Ask(Func<ITurn, Decision> turn, params LedgerKey[] keys)
    {
        var decision = Decide(turn);
        if (decision.Refusal is not null) return decision;

        var stored = decision.Changes.Select(change => new Change(change.Grain, Stored(change))).ToList();
        foreach (var (grain, fact) in stored)
        {
            var kind = kinds[grain.Kind];
            states[grain] = Reloaded(kind, kind.Evolve(states.GetValueOrDefault(grain, kind.Initial), fact));
            versions[grain] = versions.GetValueOrDefault(grain) + 1;
            Journal.Add(new Change(grain, fact));
        }

        Sent.AddRange(decision.Effects);
        foreach (var key in keys)
        {
            ledger.Add(key, stored);
        }

        return decision;
    }

    public Decision Enroll(string id = "ann", string? card = null, string? email = null, string? phone = null)
    {
        var keys = ImmutableArray.CreateBuilder<(CustomerKeyKind, string)>();
        if (card is not null) keys.Add((CustomerKeyKind.Card, card));
        if (email is not null) keys.Add((CustomerKeyKind.Email, email));
        if (phone is not null) keys.Add((CustomerKeyKind.Phone, phone));
        var command = new EnrollCustomer(id, keys.ToImmutable(), "c2VhbGVk", default, Till);
        return Ask(turn => CustomerTurns.Enroll(turn, Tenant, command));
    }

    public Decision Buy(string purchaseId, long cents, Func<RecordPurchase, RecordPurchase>? change = null)
    {
        var sale = new RecordPurchase(
            new CustomerRef("ann", null), "pos", purchaseId, Now, new Money("USD", cents), 0, default, null, default, false, Till);
        return Buy(change is null ? sale : change(sale));
    }

    public Decision Buy(RecordPurchase sale) => Ask(
        turn => PurchaseTurns.Record(turn, Tenant, sale),
        LedgerKey.Purchase(Tenant, sale.Origin.BrandId, sale.Source, sale.PurchaseId));

    public Decision Return(string purchaseId, string returnId, params ReturnLine[] lines)
    {
        var command = new ReturnPurchase("pos", purchaseId, returnId, [.. lines], null, Till);
        return Ask(
            turn => PurchaseTurns.Return(turn, Tenant, command),
            LedgerKey.Return(Tenant, "shoes", "pos", returnId));
    }

    public Decision Void(string purchaseId, Origin? origin = null)
    {
        var command = new VoidPurchase("pos", purchaseId, "typed twice", origin ?? Till);
        return Ask(turn => CorrectionTurns.Void(turn, Tenant, command));
    }

    public Decision Reassign(string purchaseId, string customerId)
    {
        var command = new ReassignPurchase("pos", purchaseId, customerId, "forgot the card", Till);
        return Ask(turn => CorrectionTurns.Reassign(turn, Tenant, command));
    }

    public Decision Adjust(long millipoints, string customerId = "ann")
    {
        var command = new AdjustPoints(customerId, millipoints, "goodwill", Till);
        return Ask(turn => TransferTurns.Adjust(turn, Tenant, command));
    }

    public Decision Transfer(string from, string to, long millipoints)
    {
        var command = new TransferPoints($"trf_{++requests}", from, to, millipoints, null, Till);
        return Ask(turn => TransferTurns.Transfer(turn, Tenant, command));
    }

    public Decision Authorize(long millipoints, Duration ttl, string customerId = "ann")
    {
        var request = $"hold-{++requests}";
        var command = new AuthorizePoints(
            new CustomerRef(customerId, null), CustomerIds.Hold(Tenant, request), millipoints, ttl, Till);
        return Ask(turn => HoldTurns.Authorize(turn, Tenant, command), LedgerKey.Request(Tenant, request));
    }

    public Decision Capture(string holdId, long? millipoints = null)
    {
        var request = $"capture-{++requests}";
        var command = new CapturePoints(holdId, CustomerIds.Redemption(Tenant, request), millipoints, Till);
        return Ask(turn => HoldTurns.Capture(turn, Tenant, command), LedgerKey.Request(Tenant, request));
    }

    public Decision VoidHold(string holdId) =>
        Ask(turn => HoldTurns.Void(turn, Tenant, new VoidPoints(holdId, Till)));

    public Decision Redeem(long millipoints, string customerId = "ann")
    {
        var request = $"redeem-{++requests}";
        var command = new RedeemPoints(
            new CustomerRef(customerId, null), CustomerIds.Redemption(Tenant, request), millipoints, "mug", null, null, Till);
        return Ask(turn => LoyaltyTurns.Redeem(turn, Tenant, command), LedgerKey.Request(Tenant, request));
    }

    public Decision Reverse(string redemptionId)
    {
        var command = new ReverseRedemption(redemptionId, "wrong gift", Till);
        var decision = Decide(turn => LoyaltyTurns.Reverse(turn, Tenant, command));
        return decision.Refusal is not null
            ? decision
            : Ask(_ => decision, CustomerIds.Reversal(Tenant, redemptionId));
    }

    public void Advance(Duration time) => Now += time;

    public static LotSlice Taken(long number, Lot lot, long millipoints) => LotSlice.Of(lot with { Number = number }, millipoints);

    private object Stored(Change change)
    {
        var kind = kinds[change.Grain.Kind];
        var bytes = new ArrayBufferWriter<byte>();
        kind.EncodeFact(change.Fact, bytes);
        return kind.DecodeFact(bytes.WrittenSpan);
    }

    private static object Reloaded(IGrainKind kind, object state)
    {
        var bytes = new ArrayBufferWriter<byte>();
        kind.EncodeState(state, bytes);
        return kind.DecodeState(bytes.WrittenSpan);
    }

    private sealed class Turn(World world, HashSet<GrainId> loaded) : ITurn
    {
        public Instant Time => world.Now;

        public bool IsComplete { get; private set; } = true;

        public TState State<TState>(GrainId grain)
            where TState : class
        {
            var initial = (TState)world.kinds[grain.Kind].Initial;
            if (!loaded.Add(grain)) return (TState)world.states.GetValueOrDefault(grain, initial);
            IsComplete = false;
            return initial;
        }

        public long Version(GrainId grain) => world.versions.GetValueOrDefault(grain);

        public IReadOnlyList<Change>? Recorded(LedgerKey key) => world.ledger.GetValueOrDefault(key);
    }
}
