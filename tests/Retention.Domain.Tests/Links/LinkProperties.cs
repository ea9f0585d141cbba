using FsCheck;
using FsCheck.Fluent;
using Retention.Domain.Tests.Agreements;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Links;

/// <summary>Laws of links over generated weeks of two shops. FsCheck prints the seed and shrinks a failing week.</summary>
public sealed class LinkProperties
{
    private static readonly string[] Tenants = [Bakery, Shoes];
    private static readonly string[] People = ["anna", "bert"];

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(160);

    private static readonly Arbitrary<Step[]> Weeks = ArbMap.Default.ArbFor<byte[]>().Convert(
        bytes => bytes.Chunk(2).Where(chunk => chunk.Length == 2).Select(b => new Step(b[0], b[1])).ToArray(),
        steps => [.. steps.SelectMany(step => new[] { step.Kind, step.Which })]);

    /// <summary>
    /// A person is linked to at most one of the other side, both know it, and only while both allow it; a coupon is issued
    /// and redeemed only while the agreement knows of no withdrawal by its holder; the other side lists a linked person's
    /// open coupons and nobody else's.
    /// Method: beside the grains plain lists of consents, links and coupons, each step in plain words.
    /// </summary>
    [Fact]
    public void Links_and_coupons_follow_consent() => Check.One(Thorough, Prop.ForAll(Weeks, week => new Week().Live(week)));

    internal sealed record Step(byte Kind, byte Which);

    private sealed class Week
    {
        private readonly LinkScene scene = new();
        private readonly Dictionary<(string, string), bool> allowed = [];
        private readonly HashSet<(string, string)> known = [];
        private readonly Dictionary<(string Tenant, string Person), (string Tenant, string Person)> links = [];
        private readonly List<(string Code, (string Tenant, string Person) Holder)> open = [];
        private readonly List<(string Token, (string Tenant, string Person) Taker)> tokens = [];

        public void Live(Step[] steps)
        {
            foreach (var (i, step) in steps.Take(45).Index())
            {
                var who = (Tenants[step.Which % 2], People[step.Which / 2 % 2]);
                Take(step, who, $"p{i}");
                Agrees();
            }
        }

        private void Take(Step step, (string Tenant, string Person) who, string purchaseId)
        {
            switch (step.Kind % 8)
            {
                case 0 or 1:
                    Allow(who, step.Kind % 8 == 0 || step.Which % 3 == 0);
                    break;
                case 2:
                    var (token, refusal) = scene.Take(who.Tenant, who.Person);
                    Assert.Equal(!Says(who, true) || links.ContainsKey(who), refusal is not null);
                    if (refusal is not null) break;
                    tokens.Add((token, who));
                    known.Add(who);
                    break;
                case 3 or 4 when tokens.Count > 0:
                    Bring(who, tokens[step.Kind / 8 % tokens.Count]);
                    break;
                case 5:
                    Assert.Equal(!links.ContainsKey(who), scene.Unlink(who.Tenant, who.Person).Refusal is not null);
                    Cut(who);
                    break;
                case 6:
                    Buy(who, purchaseId);
                    break;
                case 7 when open.Count > 0:
                    Redeem(open[step.Kind / 8 % open.Count], People[step.Which / 4 % 2], step.Which % 2 == 0);
                    break;
            }
        }

        private void Allow((string Tenant, string Person) who, bool isGranted)
        {
            Assert.Null(scene.Allow(who.Tenant, who.Person, isGranted).Refusal);
            allowed[who] = isGranted;
            if (!isGranted) Cut(who);
        }

        private void Bring((string Tenant, string Person) who, (string Token, (string Tenant, string Person) Taker) brought)
        {
            var isGood = brought.Taker.Tenant != who.Tenant
                && Says(brought.Taker, true) && Says(who, true)
                && !links.ContainsKey(who) && !links.ContainsKey(brought.Taker);
            Assert.Equal(isGood, scene.Bring(who.Tenant, who.Person, brought.Token).Refusal is null);
            if (!isGood) return;
            (links[who], links[brought.Taker]) = (brought.Taker, who);
            known.Add(who);
            tokens.Remove(brought);
        }

        private void Buy((string Tenant, string Person) who, string purchaseId)
        {
            var before = scene.Joint.Wallet(who.Tenant, who.Person);
            scene.Joint.Buy(who.Tenant, purchaseId, who.Person);
            var issued = scene.Joint.Wallet(who.Tenant, who.Person).Except(before).ToList();
            Assert.Equal(MayShare(who) ? 1 : 0, issued.Count);
            open.AddRange(issued.Select(code => (code, who)));
        }

        private void Redeem((string Code, (string Tenant, string Person) Holder) coupon, string named, bool names)
        {
            var at = coupon.Holder.Tenant == Bakery ? Shoes : Bakery;
            var decision = scene.Joint.Redeem(at, coupon.Code, customer: names ? named : "");
            var isAnothers = names && links.TryGetValue(coupon.Holder, out var guest) && guest.Person != named;
            RefusalReason? expected = isAnothers ? RefusalReason.NotTargeted
                : MayShare(coupon.Holder) ? null
                : RefusalReason.ConsentMissing;
            Assert.Equal(expected, decision.Refusal?.Reason);
            if (expected is null) open.Remove(coupon);
        }

        private void Agrees()
        {
            foreach (var tenant in Tenants)
            {
                foreach (var person in People)
                {
                    var who = (tenant, person);
                    var isLinked = links.TryGetValue(who, out var other);
                    Assert.Equal(isLinked, scene.IsLinked(tenant, person));
                    Assert.Equal(isLinked, scene.Person(tenant, person).IsLinked);
                    if (isLinked) Assert.True(Says(who, true));
                    Assert.Equal(
                        open.Where(coupon => coupon.Holder == who || (isLinked && coupon.Holder == other))
                            .Select(coupon => coupon.Code).Order(),
                        scene.Joint.Wallet(tenant, person).Order());
                }
            }
        }

        // An agreement that was never told of a person has nothing to withdraw.
        private bool MayShare((string, string) who) => !known.Contains(who) || Says(who, true);

        private bool Says((string, string) who, bool what) => allowed.TryGetValue(who, out var said) && said == what;

        private void Cut((string, string) who)
        {
            if (links.Remove(who, out var other)) links.Remove(other);
        }
    }
}
