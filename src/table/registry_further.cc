#include "table/registry_sets.h"

namespace obligor {
namespace {

constexpr const char* kCcBy = "CC BY 4.0";
constexpr const char* kNotStated = "not stated";
constexpr const char* kLendingClub = "LendingClub Corporation, LoanStats files (no longer offered)";

DataSet south_german() {
  DataSet set;
  set.name = "south_german";
  set.title = "South German Credit: the corrected edition of German Credit";
  set.rows = 1000;
  set.licence = kCcBy;
  set.citation = "Groemping, U. (2019), South German Credit (Update), UCI, doi:10.24432/C5QG88";
  set.file = "german-credit/SouthGermanCredit.asc";
  set.sha256 = "fc41f36d43482df98c90e0de996c097f1219db6177b136a26514e1face28f3aa";
  set.read.format = "space";
  set.read.categories = {"status",   "credit_history",          "purpose", "savings", "personal_status_sex", "other_debtors",
                         "property", "other_installment_plans", "housing", "job",     "telephone",           "foreign_worker"};
  set.task.target = "credit_risk";
  set.task.positive = "0";
  set.task.cost_false_negative = 5;
  set.task.cost_false_positive = 1;
  return set;
}

DataSet lending2018() {
  DataSet set;
  set.name = "lending2018";
  set.title = "Lending Club loans of 2018, with months for out-of-time tests";
  set.rows = 31766;
  set.licence = "the R package creditmodel 1.0, which carries it, is under AGPL-3";
  set.citation = kLendingClub;
  set.file = "lending-club/lc_2018_31766.csv.zst";
  set.sha256 = "4b6c7c811b8a86ed308b0360b88a78c32f6f18efb6585985f0b100978ef5c565";
  set.leaks = "total_rec_late_fee and last_pymnt_amnt are payments after approval; grade.1, sub_grade.1 and last_pymnt_amnt.1 repeat columns";
  set.read.categories = {"addr_state", "emp_length", "emp_title", "grade", "sub_grade", "purpose", "title", "term", "verification_status_joint",
                         "zip_code"};
  set.read.dates = {"issue_d"};
  set.read.select = "SELECT * REPLACE (strptime(CAST(issue_d AS VARCHAR), ['%Y-%m-%d', '%Y/%m/%d']) AS issue_d) FROM source";
  set.task.target = "loan_status";
  set.task.positive = "1";
  set.task.ids = {"id"};
  set.task.time = "issue_d";
  set.task.ignore = {"total_rec_late_fee", "last_pymnt_amnt", "last_pymnt_amnt.1", "grade.1", "sub_grade.1"};
  return set;
}

DataSet lending_fico() {
  DataSet set;
  set.name = "lending_fico";
  set.title = "Lending Club loans 2007-2010 with FICO score";
  set.rows = 9578;
  set.licence = kNotStated;
  set.citation = kLendingClub;
  set.file = "lending-club/lc_2007-2010_9578_fico.csv.zst";
  set.sha256 = "5666fc13ce15dd8fd6412d90649af9618e7b91297c1e1e0b371bcd857fc0dc55";
  set.read.categories = {"purpose"};
  set.task.target = "not_fully_paid";
  set.task.positive = "1";
  return set;
}

DataSet polish1() {
  DataSet set;
  set.name = "polish1";
  set.title = "Polish companies, bankruptcy within five years";
  set.rows = 7027;
  set.licence = kCcBy;
  set.citation =
      "Tomczak, S. (2016), Polish companies bankruptcy, UCI, doi:10.24432/C5F600; Zieba, M., Tomczak, S. and Tomczak, J. (2016), "
      "Expert Systems with Applications 58, 93-101";
  set.file = "polish-bankruptcy/1year.arff.zst";
  set.sha256 = "978ce71a4809e964dda43d46a368c27a1a36df1e0b6345f215473ec9c3b12add";
  set.task.target = "class";
  set.task.positive = "1";
  return set;
}

DataSet slovak() {
  DataSet set;
  set.name = "slovak";
  set.title = "Slovak small and medium enterprises, three years of ratios";
  set.rows = 13039;
  set.licence = "not stated in the copy";
  set.citation = "Drotar, P., Gnip, P., Zoricak, M. and Gazda, V. (2019), Data in Brief 25, 104360; Mendeley Data j89csb932y, version 2";
  set.file = "slovak-sme-bankruptcy/slovak_sme.csv.zst";
  set.sha256 = "8a0f46629be264a805a267f9dc3f35ca72673fef6361533d65bb15235667dc54";
  set.leaks = "the copy is most likely a sub-sample: its base rate is not that of the source";
  set.read.categories = {"sector"};
  set.task.target = "bankrupt";
  set.task.positive = "1";
  set.task.time = "status_year";
  return set;
}

DataSet american() {
  DataSet set;
  set.name = "american";
  set.title = "American companies, failure in the year after three years of accounts";
  set.rows = 19905;
  set.licence = kCcBy;
  set.citation = "Lombardo, G. et al. (2022), Machine Learning for Bankruptcy Prediction in the American Stock Market, Future Internet 14(8), 244";
  set.file = "american-bankruptcy/american_bankruptcy_windows.csv.zst";
  set.sha256 = "a2baadd6a4727f9135d964e38a241137f9710a2f77dd51e030d1c77c16bef0b6";
  set.leaks = "all rows of a firm's window carry one label, so firms must be kept whole; split is the published partition";
  set.read.categories = {"split"};
  set.read.select = R"(SELECT * EXCLUDE ("window") FROM source WHERE "window" = 3)";
  set.task.target = "status";
  set.task.positive = "1";
  set.task.ids = {"firm_id"};
  set.task.group = "firm_id";
  set.task.time = "fyear";
  set.task.ignore = {"split"};
  return set;
}

DataSet mortgage_dcr() {
  DataSet set;
  set.name = "mortgage_dcr";
  set.title = "US mortgage panel: default in the period, 5,000 loans over 60 periods";
  set.rows = 62178;
  set.licence = kNotStated;
  set.citation = "Roesch, D. and Scheule, H. (2020), Deep Credit Risk: Machine Learning with Python";
  set.file = "mortgage-panel-dcr/dcr.csv.zst";
  set.sha256 = "804f1d4338663227eded33c0cf63317b2cb1b68eb2b19b02925f80315f94b224";
  set.leaks = "payoff_time, status_time, lgd_time, res_time and recovery_res are outcomes";
  set.read.categories = {"state_orig_time"};
  set.task.target = "default_time";
  set.task.positive = "1";
  set.task.ids = {"id"};
  set.task.group = "id";
  set.task.time = "time";
  set.task.ignore = {"payoff_time", "status_time", "lgd_time", "res_time", "recovery_res"};
  return set;
}

DataSet sba_national() {
  DataSet set;
  set.name = "sba_national";
  set.title = "SBA 7(a) loan guarantees, the first 22,427 of the national file";
  set.rows = 22427;
  set.licence = kNotStated;
  set.citation = "Li, M., Mickel, A. and Taylor, S. (2018), Should This Loan be Approved or Denied?, Journal of Statistics Education 26(1), 55-66";
  set.file = "sba-loans/SBAnational.first22427.csv.zst";
  set.sha256 = "98d9d5127750251573c03caf8ade42b0615b361adb18c28c81ae90fe777216b8";
  set.leaks = "ChgOffDate and ChgOffPrinGr are outcomes; Term carries the shortened term of charged-off loans";
  set.read.categories = {"City",          "State",      "Bank",      "BankState", "NAICS",     "NewExist",
                         "FranchiseCode", "UrbanRural", "RevLineCr", "LowDoc",    "MIS_Status"};
  set.task.target = "MIS_Status";
  set.task.positive = "CHGOFF";
  set.task.ids = {"LoanNr_ChkDgt", "Name"};
  set.task.time = "ApprovalDate";
  set.task.ignore = {"ChgOffDate", "ChgOffPrinGr", "Term"};
  return set;
}

DataSet ulb_fraud() {
  DataSet set;
  set.name = "ulb_fraud";
  set.title = "European card fraud: all 492 frauds and 2,000 other payments";
  set.rows = 2492;
  set.licence = "not stated in the copies";
  set.citation =
      "Dal Pozzolo, A., Caelen, O., Johnson, R. A. and Bontempi, G. (2015), IEEE CIDM; Machine Learning Group, Universite Libre de Bruxelles";
  set.file = "ulb-card-fraud-sample/creditcard.all492frauds_2000normal.csv.zst";
  set.sha256 = "42351ce05807c2945c29eca8dee9b97658fe2d4f6dd2205de701788cdecb1008";
  set.leaks = "the base rate was set by sampling (0.173 % in the full file)";
  set.task.target = "Class";
  set.task.positive = "1";
  return set;
}

DataSet hmda() {
  DataSet set;
  set.name = "hmda";
  set.title = "Boston mortgage denials of 1990 (HMDA), for fair-lending checks";
  set.rows = 2380;
  set.licence = "the R package AER, which carries it, is under GPL-2 or GPL-3";
  set.citation = "Munnell, A. H., Tootell, G. M. B., Browne, L. E. and McEneaney, J. (1996), American Economic Review 86(1), 25-53";
  set.urls = {"https://vincentarelbundock.github.io/Rdatasets/csv/AER/HMDA.csv"};
  set.file = "hmda-boston/HMDA.csv";
  set.sha256 = "d142067a4bad8835339f562f57dd2b402e9a5ba7f3b77238d72f0f4efa6fee54";
  set.read.categories = {"deny", "selfemp", "insurance", "condomin", "afam", "single", "hschool", "phist"};
  set.task.target = "deny";
  set.task.positive = "yes";
  set.task.ids = {"rownames"};
  set.task.protect = {"afam"};
  return set;
}

DataSet aer_credit_card() {
  DataSet set;
  set.name = "aer_credit_card";
  set.title = "Credit card applications: declined or accepted";
  set.rows = 1319;
  set.licence = "the R package AER, which carries it, is under GPL-2 or GPL-3";
  set.citation = "Greene, W. H. (2003), Econometric Analysis, 5th edition; data set CreditCard of the R package AER";
  set.urls = {"https://vincentarelbundock.github.io/Rdatasets/csv/AER/CreditCard.csv"};
  set.file = "aer-credit-card/CreditCard.csv";
  set.sha256 = "3eb5396fd275b2383536a3f1de39b22b9047a93d5c8cb0557bb1b90b1b13e0a9";
  set.leaks = "expenditure and share exist only after acceptance: they give the label away";
  set.read.categories = {"card", "owner", "selfemp"};
  set.task.target = "card";
  set.task.positive = "no";
  set.task.ids = {"rownames"};
  set.task.ignore = {"share", "expenditure"};
  return set;
}

DataSet kiva() {
  DataSet set;
  set.name = "kiva";
  set.title = "Kiva micro-loans with the borrower's story";
  set.rows = 3994;
  set.licence = kNotStated;
  set.citation = "Kiva Microfunds; teaching extract by S. W. Thomas, Queen's University";
  set.urls = {"https://github.com/stepthom/sandbox/raw/HEAD/data/kiva_50.csv"};
  set.file = "kiva-text/kiva_50.csv.zst";
  set.sha256 = "3915b5e50f6192904c8bf6947779864a8d1ef32b9b98b419f25e2b220d49abe5";
  set.leaks = "309 rows repeat another row exactly; classes were balanced by the maker of the extract";
  set.read.categories = {"status", "sector", "country", "gender", "nonpayment"};
  set.read.texts = {"en"};
  set.task.target = "status";
  set.task.positive = "defaulted";
  return set;
}

}  // namespace

std::vector<DataSet> further_sets() {
  return {south_german(), lending2018(),  lending_fico(), polish1(), slovak(),          american(),
          mortgage_dcr(), sba_national(), ulb_fraud(),    hmda(),    aer_credit_card(), kiva()};
}

}  // namespace obligor
