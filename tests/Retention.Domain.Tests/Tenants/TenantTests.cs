using System.Buffers;
using NodaTime;
using Retention.Domain;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Tests.Tenants;

public sealed class TenantTests
{
    private static readonly Instant Noon = Instant.FromUtc(2017, 3, 1, 12, 0);

    [Fact]
    public void A_store_opens_only_under_a_brand_that_exists()
    {
        var decision = TenantDecider.Decide(Given(), new CreateStore("s1", "nobrand", "Harbour", "", "", ""));

        Assert.Equal(RefusalReason.BrandNotFound, decision.Refusal?.Reason);
        Assert.True(decision.ChangesNothing);
    }

    [Fact]
    public void A_store_without_a_time_zone_has_the_tenants()
    {
        var decision = TenantDecider.Decide(Given(), new CreateStore("s1", "b1", "Harbour", "", "", ""));

        Assert.Equal("America/New_York", ((TenantState)decision.Reply!).Stores["s1"].TimeZone);
    }

    [Fact]
    public void An_unknown_time_zone_is_refused()
    {
        var decision = TenantDecider.Decide(Given(), new CreateStore("s1", "b1", "Harbour", "Mars/Base", "", ""));

        Assert.Equal(RefusalReason.FieldInvalid, decision.Refusal?.Reason);
    }

    [Fact]
    public void A_brand_is_created_once()
    {
        var decision = TenantDecider.Decide(Given(), new CreateBrand("b1", "Other name"));

        Assert.Equal(RefusalReason.BrandExists, decision.Refusal?.Reason);
    }

    [Fact]
    public void A_virtual_clock_never_goes_backwards()
    {
        var back = TenantDecider.Decide(Given(), new AdvanceClock(Noon - Duration.FromNanoseconds(1)));
        var same = TenantDecider.Decide(Given(), new AdvanceClock(Noon));
        var forth = TenantDecider.Decide(Given(), new AdvanceClock(Noon + Duration.FromHours(1)));

        Assert.Equal(RefusalReason.ClockBackwards, back.Refusal?.Reason);
        Assert.True(same.ChangesNothing);
        Assert.Equal(Noon + Duration.FromHours(1), ((TenantState)forth.Reply!).VirtualNow);
    }

    [Fact]
    public void A_real_clock_cannot_be_moved()
    {
        var real = Given() with { VirtualNow = null };

        Assert.Equal(
            RefusalReason.ClockNotVirtual,
            TenantDecider.Decide(real, new AdvanceClock(Noon)).Refusal?.Reason);
    }

    [Fact]
    public void Only_the_named_fields_of_a_program_change()
    {
        var wanted = new Program(0, 2000, 777, 30, 5, false);

        var decision = TenantDecider.Decide(Given(), new UpdateProgram(wanted, ["lot_days"], 1));

        Assert.Equal(Program.Default with { Version = 2, LotDays = 30 }, ((TenantState)decision.Reply!).Program);
    }

    [Fact]
    public void A_program_that_changed_since_it_was_read_is_not_overwritten()
    {
        var decision = TenantDecider.Decide(Given(), new UpdateProgram(Program.Default, ["lot_days"], 7));

        Assert.Equal(RefusalReason.EtagMismatch, decision.Refusal?.Reason);
    }

    [Fact]
    public void A_tenant_read_back_from_its_bytes_is_the_same()
    {
        var state = TenantFacts.All.Aggregate(TenantState.Initial, TenantDecider.Evolve);
        var bytes = new ArrayBufferWriter<byte>();
        TenantGrains.Tenant.EncodeState(state, bytes);
        var again = new ArrayBufferWriter<byte>();
        TenantGrains.Tenant.EncodeState(TenantGrains.Tenant.DecodeState(bytes.WrittenSpan), again);

        Assert.Equal(bytes.WrittenSpan.ToArray(), again.WrittenSpan.ToArray());
        Assert.Equal("s1", Assert.Single(state.Stores).Key);
    }

    [Fact]
    public void Every_fact_of_a_tenant_survives_its_bytes()
    {
        foreach (var fact in TenantFacts.All)
        {
            var bytes = new ArrayBufferWriter<byte>();
            TenantGrains.Tenant.EncodeFact(fact, bytes);
            var again = new ArrayBufferWriter<byte>();
            TenantGrains.Tenant.EncodeFact(TenantGrains.Tenant.DecodeFact(bytes.WrittenSpan), again);

            Assert.Equal(bytes.WrittenSpan.ToArray(), again.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void Each_kind_of_grain_stands_in_the_registry_once() =>
        Assert.Equal(Registry.Default.Kinds.Count, Registry.Default.Kinds.Select(kind => kind.Name).Distinct().Count());

    private static TenantState Given() =>
        TenantFacts.All.Take(2).Aggregate(TenantState.Initial, TenantDecider.Evolve);

    private static class TenantFacts
    {
        public static readonly TenantFact[] All =
        [
            new TenantCreated("t1", "Shops", "USD", "America/New_York", Noon, "a2V5"),
            new BrandCreated(new Brand("b1", "First")),
            new LegalEntityCreated(new LegalEntity("e1", "Franchise Ltd", "LT1", "LT")),
            new StoreCreated(new Store("s1", "b1", "Harbour", "Europe/Vilnius", "e1")),
            new ProgramUpdated(Program.Default with { Version = 2 }),
            new ClockAdvanced(Noon + Duration.FromDays(1)),
            new AgreementNoted(new AgreementRef("a1", "b1", "b2", "J1")),
            new TriggerSet(new TriggerLeg("a1", "1", "b1", 1000, ["food"], "a2V5")),
        ];
    }
}
