import { ALL_VERBS, defineObject, parseFields } from './object-definition.ts'
import { OPPORTUNITY_STAGES, SOURCES } from './picklists.ts'

const FIELDS = parseFields(
  `
  AccountId reference -> Account as Account
  IsPrivate boolean
  Name string(120) required
  Description textarea(32000)
  StageName picklist(255) required
  Amount currency
  Probability percent
  ExpectedRevenue currency ro
  TotalOpportunityQuantity double
  CloseDate date required
  Type picklist(255)
  NextStep string(255)
  LeadSource picklist(255)
  IsClosed boolean ro
  IsWon boolean ro
  ForecastCategory picklist(40) ro
  ForecastCategoryName picklist(255) restricted
  HasOpportunityLineItem boolean ro
  OwnerId reference filled -> User as Owner
  LastStageChangeDate datetime ro
  LastActivityDate date ro
  ContactId reference create-only -> Contact
  DeliveryInstallationStatus__c picklist(255)
  TrackingNumber__c string(12)
  OrderNumber__c string(8)
  CurrentGenerators__c string(100)
  MainCompetitors__c string(100)
`,
  {
    StageName: OPPORTUNITY_STAGES.map((stage) => stage.name),
    Type: [
      'Existing Customer - Upgrade',
      'Existing Customer - Replacement',
      'Existing Customer - Downgrade',
      'New Customer',
    ],
    LeadSource: SOURCES,
    ForecastCategory: ['Omitted', 'Pipeline', 'BestCase', 'MostLikely', 'Forecast', 'Closed'],
    ForecastCategoryName: ['Omitted', 'Pipeline', 'Best Case', 'Commit', 'Closed'],
  },
)

export const OPPORTUNITY = defineObject({ name: 'Opportunity', keyPrefix: '006', fields: FIELDS, verbs: ALL_VERBS })
