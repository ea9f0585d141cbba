using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Links;
using Retention.Domain.Tests.Agreements;
using Retention.Kernel;

namespace Retention.Domain.Tests.Links;

/// <summary>The bakery and the shoe shop, whose customers anna and bert may be the same persons.</summary>
internal sealed class LinkScene
{
    private int tokens;

    public LinkScene()
        : this(JointScene.Terms with { MaxOpenPerCustomer = 0 })
    {
    }

    public LinkScene(AgreementTerms terms) => Joint.Active(terms);

    public JointScene Joint { get; } = new();

    public static string Brand(string tenant) => tenant == JointScene.Bakery ? "bread" : "boots";

    public static Side SideOf(string tenant) => tenant == JointScene.Bakery ? Side.First : Side.Second;

    public Decision Allow(string tenant, string customer, bool isGranted = true) => Told(turn => CustomerTurns.ChangeConsents(
        turn,
        tenant,
        new ChangeConsents(
            customer,
            [new Consent(Brand(tenant), "store", Sharing.Purpose, isGranted, null, null, default)],
            new Origin("cre_1", Brand(tenant)))));

    public Decision Erase(string tenant, string customer) => Told(turn => CustomerTurns.Erase(
        turn, tenant, new EraseCustomer(customer, null, new Origin("cre_1", Brand(tenant)))));

    /// <summary>The token, or why there is none.</summary>
    public (string Token, Refusal? Refusal) Take(string tenant, string customer, Duration? life = null)
    {
        var token = LinkToken.Of(JointScene.Id, BitConverter.GetBytes(++tokens).Concat(new byte[16]).ToArray());
        var command = new CreateLinkToken(
            customer, JointScene.Id, token, life ?? CustomerLinks.LifeDefault, new Origin("cre_1", Brand(tenant)));
        return (token, Told(turn => CustomerLinks.CreateToken(turn, tenant, command)).Refusal);
    }

    public Decision Bring(string tenant, string customer, string token)
    {
        var visit = Joint.Books.Ask(turn => CustomerLinks.Visit(turn, tenant, customer, JointScene.Id, Brand(tenant)));
        return visit.Refusal is not null
            ? visit
            : Told(turn => LinkTurns.Link(turn, (LinkVisitor)visit.Reply!, JointScene.Id, token));
    }

    public Decision Unlink(string tenant, string customer) => Told(turn => CustomerLinks.Unlink(
        turn, tenant, new UnlinkCustomer(customer, JointScene.Id, new Origin("cre_1", Brand(tenant)))));

    public CustomerState Customer(string tenant, string customer) =>
        Joint.Books.State<CustomerState>(CustomerGrains.Id(PartitionId.Tenant(tenant), customer));

    public bool IsLinked(string tenant, string customer) => Customer(tenant, customer).Links.Any(link => link.IsLinked);

    public PersonState Person(string tenant, string customer) => Joint.Books.State<PersonState>(LinkGrains.PersonId(
        JointScene.Id,
        SideOf(tenant),
        CustomerReference.Pseudonym(Joint.Agreement.PseudonymKeyOf(SideOf(tenant)), customer)));

    private Decision Told(Func<ITurn, Decision> turn)
    {
        var decision = Joint.Books.Ask(turn);
        Joint.Books.Deliver();
        return decision;
    }
}
